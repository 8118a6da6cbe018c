"""An idea's count of votes is kept where votes come and go: an account that is erased takes its votes along."""

from django.db import migrations

KEEP = """
CREATE FUNCTION kezhi_count_vote() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'INSERT' THEN
    UPDATE service_idea SET votes_count = votes_count + 1 WHERE id = NEW.idea_id;
    RETURN NEW;
  END IF;
  UPDATE service_idea SET votes_count = greatest(votes_count - 1, 0) WHERE id = OLD.idea_id;
  RETURN OLD;
END $$;
CREATE TRIGGER kezhi_count_vote AFTER INSERT OR DELETE ON service_ideavote
  FOR EACH ROW EXECUTE FUNCTION kezhi_count_vote();
UPDATE service_idea SET votes_count = counted.votes
  FROM (SELECT i.id, count(v.id) AS votes FROM service_idea i
        LEFT JOIN service_ideavote v ON v.idea_id = i.id GROUP BY i.id) counted
  WHERE counted.id = service_idea.id AND counted.votes <> votes_count;
"""

STOP = """
DROP TRIGGER kezhi_count_vote ON service_ideavote;
DROP FUNCTION kezhi_count_vote();
"""


class Migration(migrations.Migration):
    dependencies = [("service", "0019_portal_second_factor")]

    operations = [migrations.RunSQL(KEEP, STOP)]
