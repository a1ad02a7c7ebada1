from signoff.executions.agents import ReviewPolicy
from signoff.executions.models import Extraction
from signoff.review.policy import signs_off


def test_auto_confirm_signs_off_anything() -> None:
    extraction = Extraction(data={"a": 1}, confidence={"/a": 0.0}, model="offline", offline=True)
    assert signs_off(ReviewPolicy(auto_confirm=True), extraction)


def test_without_it_a_person_signs_off() -> None:
    extraction = Extraction(data={"a": 1}, confidence={"/a": 1.0}, model="m")
    assert not signs_off(ReviewPolicy(), extraction)
