"""Colleagues named in a file: by full name or by sign-in name."""

# ruff: noqa: S608  # tables and columns are the code's own names; what a user typed goes as a parameter
from __future__ import annotations

from kezhi.dataio.staging import Work


def resolve_people(work: Work, field: str) -> None:
    """Fill `<field>_id` of the staged rows; rows that name nobody, or several people, are rejected.

    The staging table needs the extra columns `<field>_id`; the temporary table `import_people` keeps where each
    person belongs (`id`, `team_id`, `department_id`).
    """
    work.run("DROP TABLE IF EXISTS pg_temp.import_people")
    work.run(
        f"""
        CREATE TEMP TABLE import_people ON COMMIT DROP AS
        SELECT said.text, min(u.id) AS id, count(u.id) AS hits,
               min(u.team_id) AS team_id, min(u.department_id) AS department_id
        FROM (SELECT DISTINCT "{field}" AS text FROM import_staging WHERE "{field}" IS NOT NULL) AS said
        LEFT JOIN LATERAL (
            SELECT id, team_id, department_id FROM accounts_user
            WHERE is_active AND lower(login) = lower(said.text)
            UNION
            SELECT id, team_id, department_id FROM accounts_user
            WHERE is_active AND name = said.text
              AND NOT EXISTS (SELECT 1 FROM accounts_user
                              WHERE is_active AND lower(login) = lower(said.text))
        ) AS u ON true
        GROUP BY said.text
        """
    )
    for code, hits in (("unknown_person", "= 0"), ("several_persons", "> 1")):
        work.reject(
            code,
            field,
            f'SELECT s.row, s."{field}", jsonb_build_object(\'text\', s."{field}")'
            f' FROM import_staging s JOIN import_people p ON p.text = s."{field}" WHERE p.hits {hits}',
        )
    work.run(
        f'UPDATE import_staging s SET "{field}_id" = p.id FROM import_people p WHERE p.text = s."{field}"'
    )
