"""The evaluation images of a data set on this computer, with the agreement of its raters."""

import json

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from dashboard.analysis.data_faces import faces_of_data
from dashboard.data.raters import (
    BIN_NAMES,
    FerError,
    agreement_bins,
    data_on_this_computer,
    read_eval_images,
)


@pytest.fixture
def ferplus(tmp_path):
    """Three validation images: all raters agree, six of ten do, and one file is damaged."""
    heads = "Usage,Image name,neutral,happiness,surprise,sadness,anger,disgust,fear,contempt"
    votes = {"a": "10,0,0,0,0,0,0,0,0,0", "b": "2,6,0,0,0,0,0,0,2,0", "c": "0,0,0,9,0,0,0,0,1,0"}
    lines = [f"{heads},unknown,NF"]
    for usage, folder in (("Training", "FER2013Train"), ("PublicTest", "FER2013Valid")):
        (tmp_path / folder).mkdir()
        for name, counts in votes.items():
            lines.append(f"{usage},{name}-{folder}.png,{counts}")
            image = Image.fromarray(np.full((48, 48), 90, np.uint8))
            image.save(tmp_path / folder / f"{name}-{folder}.png")
    (tmp_path / "FER2013Valid" / "c-FER2013Valid.png").write_bytes(b"no image")
    (tmp_path / "fer2013new.csv").write_text("\n".join(lines))
    return f"ferplus:{tmp_path}"


def test_agreement_is_the_share_of_the_most_frequent_expression(ferplus):
    data = read_eval_images(ferplus)
    assert data.agreement["a-FER2013Valid.png"] == 1.0
    assert data.agreement["b-FER2013Valid.png"] == pytest.approx(0.6)
    assert set(data.names) == set(data.agreement.index)


def test_faces_of_a_data_set_are_one_of_each_class_that_opens(ferplus):
    faces = faces_of_data(read_eval_images(ferplus), seed=0)
    assert [name for name, _ in faces] == [
        "happiness · b-FER2013Valid.png",  # raters agree on none, so it is shown
        "neutral · a-FER2013Valid.png",  # sadness is damaged
    ]
    assert all(content.startswith(b"\x89PNG") for _, content in faces)


def test_the_data_set_of_a_run_is_found_where_its_folder_is_here(tmp_path, write_run):
    here = write_run(tmp_path / "runs", name="here")
    run = json.loads((here / "run.json").read_text())
    for data, found in ((f"ferplus:{tmp_path}", True), ("ferplus:/absent", False)):
        (here / "run.json").write_text(json.dumps(run | {"config": run["config"] | {"data": data}}))
        assert data_on_this_computer([tmp_path / "broken", here]) == (data if found else "")


def test_an_image_is_missing_where_there_is_none_that_opens(ferplus):
    names = ["a-FER2013Valid.png", "c-FER2013Valid.png", "elsewhere.png"]
    image, damaged, absent = read_eval_images(ferplus).open(names)
    assert image.size == (48, 48)
    assert damaged is absent is None


def test_a_data_set_that_is_not_there_is_an_error_in_words(tmp_path):
    for uri in (f"ferplus:{tmp_path}/nowhere", "unknown:folder", str(tmp_path)):
        with pytest.raises(FerError):
            read_eval_images(uri)


def test_bins_of_agreement_include_their_upper_ends():
    bins = agreement_bins(pd.Series([0.0, 0.6, 0.61, 0.9, 1.0]))
    assert bins.tolist() == [BIN_NAMES[0], BIN_NAMES[0], BIN_NAMES[1], BIN_NAMES[2], BIN_NAMES[3]]
    assert agreement_bins(pd.Series([np.nan])).isna().all()
