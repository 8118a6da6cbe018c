#!/bin/sh
# The two roles of Kezhi and its database: kezhi_owner changes tables, kezhi_app works with rows.
# The image of PostgreSQL runs this once, when it makes its data folder; passwords are in database.env.
set -eu
: "${KEZHI_OWNER_PASSWORD:?is missing}" "${KEZHI_APP_PASSWORD:?is missing}"
psql --no-psqlrc --quiet --set=ON_ERROR_STOP=1 --username="${POSTGRES_USER:-postgres}" --dbname=postgres <<'SQL'
\getenv owner_password KEZHI_OWNER_PASSWORD
\getenv app_password KEZHI_APP_PASSWORD
CREATE ROLE kezhi_owner LOGIN PASSWORD :'owner_password';
CREATE ROLE kezhi_app LOGIN PASSWORD :'app_password';
CREATE DATABASE kezhi OWNER kezhi_owner TEMPLATE template0 ENCODING 'UTF8';
REVOKE ALL ON DATABASE kezhi FROM PUBLIC;
GRANT CONNECT, TEMPORARY ON DATABASE kezhi TO kezhi_app;
SQL
