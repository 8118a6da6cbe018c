from django.urls import path

from kezhi.web.value import index_drafts, index_effects, index_system, index_weights

DRAFT = "drafts/<int:pk>/"

urlpatterns = [
    path("", index_system.show, name="value-index"),
    path("sensitivity/", index_effects.sensitivity_now, name="index-sensitivity-now"),
    path("versions/<int:pk>/", index_system.version, name="index-version"),
    path(
        "versions/<int:pk>/comparison/",
        index_effects.compare_version,
        name="index-version-comparison",
    ),
    path(DRAFT, index_drafts.show, name="index-draft"),
    path(f"{DRAFT}order/", index_drafts.order, name="index-order"),
    path(f"{DRAFT}new/", index_drafts.new, name="index-new"),
    path(f"{DRAFT}index/", index_drafts.node, name="index-node"),
    path(f"{DRAFT}index/removal/", index_drafts.remove, name="index-node-removal"),
    path(f"{DRAFT}weights/", index_weights.weigh, name="index-weights"),
    path(f"{DRAFT}judgement/", index_weights.judge, name="index-judgement"),
    path(f"{DRAFT}comparison/", index_effects.compare, name="index-comparison"),
    path(f"{DRAFT}sensitivity/", index_effects.sensitivity, name="index-sensitivity"),
    path(f"{DRAFT}submission/", index_drafts.submit, name="index-submission"),
    path(f"{DRAFT}approval/", index_drafts.approve, name="index-approval"),
    path(f"{DRAFT}return/", index_drafts.give_back, name="index-return"),
    path(f"{DRAFT}withdrawal/", index_drafts.withdraw, name="index-withdrawal"),
    path(f"{DRAFT}removal/", index_drafts.discard, name="index-removal"),
]
