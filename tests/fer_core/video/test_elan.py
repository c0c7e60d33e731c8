from datetime import UTC, datetime
from xml.etree import ElementTree

import numpy as np
import pytest

from fer_core.video.elan import Annotation, annotate, write_elan
from fer_core.video.events import EventRule, find_events
from fer_core.video.series import make_series

WRITTEN = datetime(2024, 5, 6, 7, 8, 9, tzinfo=UTC)
MOMENTS = np.arange(10) / 10


@pytest.fixture
def series():
    rows = np.array([[0.9, 0.1]] * 6 + [[0.45, 0.55]] * 2 + [[0.1, 0.9]] * 2)
    return make_series(2, ("happiness", "sadness"), MOMENTS, rows, MOMENTS, 0.1)


def read(content):
    """Tiers of an EAF document as (begin, end, value) in milliseconds, as its readers do."""
    root = ElementTree.fromstring(content)
    slots = {one.get("TIME_SLOT_ID"): int(one.get("TIME_VALUE")) for one in root.iter("TIME_SLOT")}
    return {
        tier.get("TIER_ID"): [
            (
                slots[one.get("TIME_SLOT_REF1")],
                slots[one.get("TIME_SLOT_REF2")],
                one.findtext("ANNOTATION_VALUE"),
            )
            for one in tier.iter("ALIGNABLE_ANNOTATION")
        ]
        for tier in root.iter("TIER")
    }


def test_predictions_and_events_are_tiers_of_each_face(series):
    events = find_events([series], EventRule("happiness"))
    assert read(write_elan(annotate([series], 0.6, events), "clip.mp4", WRITTEN)) == {
        "Face 2": [(0, 600, "happiness"), (600, 800, "not sure"), (800, 1000, "sadness")],
        "Face 2 events": [(0, 600, "happiness 0.90")],
    }


def test_elements_are_in_the_order_of_the_schema_and_references_are_met(series):
    root = ElementTree.fromstring(write_elan(annotate([series], 0.6), "a clip.mp4", WRITTEN))
    assert root.tag == "ANNOTATION_DOCUMENT"
    assert [one.tag for one in root] == ["HEADER", "TIME_ORDER", "TIER", "LINGUISTIC_TYPE"]
    assert {"AUTHOR", "DATE", "FORMAT", "VERSION"} <= set(root.keys())
    assert root.get("DATE") == "2024-05-06T07:08:09+00:00"
    media = root.find("HEADER/MEDIA_DESCRIPTOR")
    assert media.get("MIME_TYPE") == "video/mp4"
    assert media.get("RELATIVE_MEDIA_URL") == "./a%20clip.mp4"
    values = [int(slot.get("TIME_VALUE")) for slot in root.iter("TIME_SLOT")]
    assert values == sorted(set(values))
    kind = root.find("LINGUISTIC_TYPE").get("LINGUISTIC_TYPE_ID")
    assert {tier.get("LINGUISTIC_TYPE_REF") for tier in root.iter("TIER")} == {kind}
    names = [one.get("ANNOTATION_ID") for one in root.iter("ALIGNABLE_ANNOTATION")]
    assert len(set(names)) == len(names) == 3


def test_any_name_of_a_class_can_be_written(series):
    value = 'a <b> & "c" \x00 vui vẻ'
    content = write_elan({"Face 1": [Annotation(0, 0.0001, value)]}, "x.webm", WRITTEN)
    assert read(content) == {"Face 1": [(0, 1, 'a <b> & "c" \ufffd vui vẻ')]}


def test_a_video_without_a_face_gives_a_document_without_tiers():
    assert read(write_elan({}, "clip.mp4", WRITTEN)) == {}
