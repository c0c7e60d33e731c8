from demo_app.language import fixed, fixed_text, say, translated


def test_texts_of_the_layout_are_replaced_wherever_gradio_shows_them():
    label = fixed("photo.face")
    whole = fixed_text(lambda: f"<h1>{say('head.photo')}</h1>")
    config = {
        "components": [
            {"props": {"label": label, "elem_id": label, "headers": (label, "Other")}},
            {"props": {"value": whole}},
        ]
    }
    first, second = translated(config, "vi")["components"]
    assert first["props"] == {
        "label": "Khuôn mặt",
        "elem_id": "Face",
        "headers": ["Khuôn mặt", "Other"],
    }
    assert second["props"]["value"] == "<h1>Ảnh</h1>"
    assert config["components"][0]["props"]["label"] == "Face"  # the original is left alone


def test_of_a_choice_the_value_that_goes_back_to_the_server_stays():
    name = fixed("class.happiness")
    (pair,) = translated({"choices": [(name, name)]}, "vi")["choices"]
    assert pair == ["vui vẻ", "happiness"]


def test_of_a_choice_the_value_that_is_chosen_at_first_stays():
    name = fixed("class.happiness")
    props = {"label": fixed("photo.face"), "choices": [(name, name)], "value": name}
    found = translated({"props": props}, "vi")["props"]
    assert (found["label"], found["value"]) == ("Khuôn mặt", "happiness")
