from django.apps import AppConfig


class CustomersConfig(AppConfig):
    name = "kezhi.customers"

    def ready(self) -> None:
        from kezhi.accounts import organising
        from kezhi.customers import (
            assigning,
            concerning,
            corresponding,
            creating,
            declarations,
            demanding,
            holdings,
            importing,
            importing_consents,
            importing_contacts,
            matching_keeping,
            opting_out,
            placing,
            retaining,
            sensitive,
            sharing,
            telling,
        )
        from kezhi.customers.models.standing import Standing, Tier
        from kezhi.dataio import registry as dataio
        from kezhi.workbench import bulk_changing, searching, undoing

        declarations.register()
        corresponding.register()
        concerning.register()
        telling.register()
        demanding.register()
        searching.rank_by(
            Standing, key="customer_id", column="tier", kind="customer", group="value", ranks=Tier
        )
        dataio.register(importing.CustomerLoader())
        dataio.register(importing_contacts.ContactLoader())
        dataio.register(importing_consents.ConsentLoader())
        opting_out.register()
        sensitive.register()
        organising.on_people_moved.append(placing.follow_people)
        holdings.register_own()
        retaining.declare_own()
        bulk_changing.ASSIGNING["customer"] = ("owner", creating.reassign_customer)
        bulk_changing.ASSIGNING["follow_up"] = ("assignee", assigning.assign_follow_up)
        bulk_changing.register(sharing.SHARE)
        undoing.TABLES |= {"customers_standing", "customers_duplicatepair", "customers_card"}
        undoing.TABLES.add("accounts_share")
        for kind, source in matching_keeping.SOURCES.items():
            follow = matching_keeping.follow_undo(kind)
            undoing.on_restored.setdefault(source.table, []).append(follow)
        undoing.on_restored.setdefault("customers_customer", []).append(assigning.follow_undo)
