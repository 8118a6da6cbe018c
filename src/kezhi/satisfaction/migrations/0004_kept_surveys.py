from django.db import migrations

from kezhi.audit.triggers import keep_changes

# What was published stands as people answered it, whoever asks for a change.
FROZEN = """
CREATE FUNCTION kezhi_keep_survey_version() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF OLD.published_at IS NOT NULL THEN
    RAISE EXCEPTION 'a published survey is never changed' USING ERRCODE = 'check_violation';
  END IF;
  RETURN CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END;
END $$;
CREATE TRIGGER kezhi_keep_survey_version BEFORE UPDATE OR DELETE ON satisfaction_surveyversion
  FOR EACH ROW EXECUTE FUNCTION kezhi_keep_survey_version();
CREATE FUNCTION kezhi_keep_survey_question() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  concerned bigint := CASE TG_OP WHEN 'INSERT' THEN NEW.version_id ELSE OLD.version_id END;
BEGIN
  IF EXISTS (SELECT 1 FROM satisfaction_surveyversion
             WHERE id = concerned AND published_at IS NOT NULL) THEN
    RAISE EXCEPTION 'a published survey is never changed' USING ERRCODE = 'check_violation';
  END IF;
  RETURN CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END;
END $$;
CREATE TRIGGER kezhi_keep_survey_question
  BEFORE INSERT OR UPDATE OR DELETE ON satisfaction_surveyquestion
  FOR EACH ROW EXECUTE FUNCTION kezhi_keep_survey_question();
"""
FREE = """
DROP TRIGGER kezhi_keep_survey_version ON satisfaction_surveyversion;
DROP FUNCTION kezhi_keep_survey_version();
DROP TRIGGER kezhi_keep_survey_question ON satisfaction_surveyquestion;
DROP FUNCTION kezhi_keep_survey_question();
"""


class Migration(migrations.Migration):
    dependencies = [("satisfaction", "0003_surveys"), ("audit", "0001_initial")]

    operations = [
        migrations.RunSQL(FROZEN, FREE),
        keep_changes("satisfaction_survey"),
        keep_changes("satisfaction_surveyversion"),
        keep_changes("satisfaction_surveyquestion"),
        keep_changes("satisfaction_surveyrule"),
        keep_changes("satisfaction_surveylink", hidden="nonce,token_digest"),
        keep_changes("satisfaction_improvement"),
    ]
