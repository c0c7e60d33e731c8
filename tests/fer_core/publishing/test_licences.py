import pytest

from fer_core.publishing.licences import LicenceError, check_licence


@pytest.mark.parametrize("name", ["apache-2.0", "cc-by-nc-4.0", "other"])
def test_names_that_the_hub_has_are_taken(name):
    check_licence(name)


@pytest.mark.parametrize(
    ("name", "near"), [("Apache 2.0", "apache-2.0"), ("CC-BY-4.0", "cc-by-4.0"), ("mine", "")]
)
def test_another_name_is_refused_with_the_nearest(name, near):
    with pytest.raises(LicenceError, match="or other, got") as refusal:
        check_licence(name)
    assert near in str(refusal.value)
    assert repr(name) in str(refusal.value)
