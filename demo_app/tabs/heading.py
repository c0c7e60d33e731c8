"""The head of the page: what it is, the choice of the language, and the order of the bars."""

from html import escape

from demo_app.language import COOKIE, LANGUAGES, current_language, say
from demo_app.render import text as words
from fer_core.taxonomy import Taxonomy

ORDER = "fer-bar-order"  # under which the browser remembers it
YEAR = 365 * 24 * 3600  # seconds for which the choice is remembered

# Runs once, as the `js_on_load` of `heading`. The page is built anew in the other language.
CHOICE_SCRIPT = f"""
const choice = element.querySelector("select");
document.documentElement.lang = choice.dataset.language;
choice.value = choice.dataset.language;
choice.addEventListener("change", () => {{
  document.cookie = `{COOKIE}=${{choice.value}}; path=/; max-age={YEAR}; SameSite=Lax`;
  location.reload();
}});
const order = element.querySelector("input");
const ordered = () => document.documentElement.classList.toggle("bars-by-value", order.checked);
try {{ order.checked = localStorage.getItem("{ORDER}") === "value"; }} catch {{ /* forbidden */ }}
ordered();
order.addEventListener("change", () => {{
  ordered();
  const chosen = order.checked ? "value" : "class";
  try {{ localStorage.setItem("{ORDER}", chosen); }} catch {{ /* forbidden */ }}
}});
"""


def heading(taxonomy: Taxonomy) -> str:
    """Title, introduction and both choices as HTML, by the classes of the first model."""
    language = current_language()
    options = "".join(
        f'<option value="{code}" lang="{code}">{escape(name)}</option>'
        for code, name in LANGUAGES.items()
    )
    return (
        f"<h1>{escape(words.title(taxonomy))}</h1><p>{escape(words.introduction(taxonomy))}</p>"
        f'<label class="language">{escape(say("head.language"))} '
        f'<select data-language="{language}">{options}</select></label>'
        f'<label class="language"><input type="checkbox"> {escape(say("head.bar_order"))}</label>'
    )
