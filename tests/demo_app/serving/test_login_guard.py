import http.client
import json

import gradio as gr
import httpx
import pytest
from gradio_client import Client
from starlette.routing import Mount

from demo_app.app import build
from demo_app.render.text import introduction
from demo_app.serving.launch import launch_options
from demo_app.serving.login_guard import REFUSAL
from demo_app.serving.route_guard import CLOSED, CLOSED_TEXT
from fer_core.emotions import class_names
from fer_core.taxonomy import taxonomy_of
from tests.demo_app.conftest import free_port

pytestmark = pytest.mark.slow

INTRODUCTION = introduction(taxonomy_of(class_names(8)))

ADA = ("ada", "s3cret-word")
# Everything that may be had without a login.
LOGIN = {
    *("/", "/login", "/login/", "/logout", "/theme.css", "/favicon.ico", "/robots.txt"),
    *("/manifest.json", "/static/x", "/assets/x", "/svelte/x", "/gradio_api/startup-events"),
}
CALL = {"Content-Type": "application/json", "Accept": "application/json, text/event-stream"}
TOOLS = "/gradio_api/mcp/"


@pytest.fixture(scope="module")
def closed(pool, served, tmp_path_factory):
    """The page with its tools, for two accounts; `served` is older, so its folder comes back."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GRADIO_TEMP_DIR", str(tmp_path_factory.mktemp("closed")))
        page = build(pool)
        page.launch(
            prevent_thread_lock=True,
            server_port=free_port(),
            auth=[ADA, ("grace", "other")],
            mcp_server=True,
            quiet=True,
            **launch_options(),
        )
        yield page
        page.close()


@pytest.fixture
def site(closed):
    with httpx.Client(base_url=closed.local_url, timeout=30) as site:
        yield site


def addresses(routes, above=""):
    """Method and address of every route, those of mounted applications too."""
    for route in routes:
        if hasattr(route, "original_router"):  # how newer versions of FastAPI keep a router
            yield from addresses(route.original_router.routes, above)
            continue
        path = above + "/".join(
            "x" if part.startswith("{") else part.partition("{")[0] + "x" if "{" in part else part
            for part in route.path.split("/")
        )
        if isinstance(route, Mount):
            yield "POST", f"{path.rstrip('/')}/x"
            yield "GET", path
            yield from addresses(route.routes, path.rstrip("/"))
        else:
            for method in getattr(route, "methods", None) or {"GET"}:
                yield method, path


def test_without_a_login_every_route_asks_for_one(closed, site):
    asked = set(addresses(closed.app.routes))
    assert {("POST", "/gradio_api/mcp/messages/x"), ("GET", "/gradio_api/mcp/schema")} <= asked
    assert len(asked) > 80
    for method, path in asked:
        if path not in LOGIN:
            answer = site.request(method, path, timeout=5)
            closed_to_all = path.removeprefix("/gradio_api").startswith(CLOSED)
            assert answer.status_code == (404 if closed_to_all else 401), (method, path)
            told = CLOSED_TEXT if closed_to_all else REFUSAL
            assert method == "HEAD" or answer.text == told


def test_what_the_login_page_needs_comes_without_one_and_tells_nothing_of_the_page(site):
    page = site.get("/")
    assert page.status_code == 200
    assert '"auth_required":true' in page.text
    for word in ("named_endpoints", "analyse", INTRODUCTION):
        assert word not in page.text
    assert site.head("/").status_code == 200
    assert site.get("/theme.css").status_code == 200
    assert site.get("/gradio_api/startup-events").text in ("true", "false")


@pytest.mark.parametrize(
    "path", ["/theme.css/../config", "//config", "/static/../config", "/assets/%2e%2e/config"]
)
def test_an_address_that_leads_back_is_no_way_around(closed, path):
    host, _, port = closed.local_url.removeprefix("http://").strip("/").partition(":")
    connection = http.client.HTTPConnection(host, int(port), timeout=10)
    connection.request("GET", path)  # sent as it is written
    answer = connection.getresponse()
    assert answer.status in (401, 403, 404)
    assert b"dependencies" not in answer.read()


def ask_tools(site, method, params=None, **options):
    body = {"jsonrpc": "2.0", "id": 1, "method": method, "params": params or {}}
    return site.post(TOOLS, json=body, headers=CALL, **options)


def result(answer):
    assert answer.status_code == 200, answer.text
    data = next(line for line in answer.text.splitlines() if line.startswith("data:"))
    return json.loads(data.removeprefix("data:"))["result"]


@pytest.mark.parametrize("account", [None, ("ada", "wrong"), ("nobody", ""), ("ada", "")])
def test_tools_are_neither_listed_nor_called_without_an_account(site, account):
    assert ask_tools(site, "tools/list", auth=account).status_code == 401
    call = {"name": "list_models", "arguments": {}}
    assert ask_tools(site, "tools/call", call, auth=account).status_code == 401


def test_after_ten_failed_logins_an_address_has_to_wait_even_with_the_right_password(pool):
    page = build(pool)
    page.launch(
        prevent_thread_lock=True,
        server_port=free_port(),
        auth=[ADA],
        quiet=True,
        **launch_options(),
    )
    try:
        with httpx.Client(base_url=page.local_url, timeout=30) as site:
            wrong = {"username": "ada", "password": "guess"}
            codes = [site.post("/login", data=wrong).status_code for _ in range(5)]
            codes += [site.get("/config", auth=("ada", "guess")).status_code for _ in range(5)]
            assert codes == [400] * 5 + [401] * 5
            right = {"username": ADA[0], "password": ADA[1]}
            for answer in (site.post("/login", data=right), site.get("/config", auth=ADA)):
                assert answer.status_code == 429
                assert int(answer.headers["Retry-After"]) >= 1
    finally:
        page.close()


@pytest.mark.parametrize("header", ["Basic", "Basic ###", "Basic /w==", "Bearer YWRhOng=", "x"])
def test_an_authorisation_that_is_none_is_no_login(site, header):
    assert site.get("/config", headers={"Authorization": header}).status_code == 401


def test_an_account_lists_and_calls_the_tools_with_each_request(site):
    tools = result(ask_tools(site, "tools/list", auth=ADA))["tools"]
    assert {tool["name"] for tool in tools} == {"analyse", "explain", "models", "video", "batch"}
    for name in ("models", "list_models"):  # the second is an earlier name
        call = {"name": name, "arguments": {}}
        told = result(ask_tools(site, "tools/call", call, auth=ADA))
        assert not told.get("isError")
        assert "bundled" in told["content"][0]["text"]
        site.get("/logout", auth=ADA)  # ends all sessions of the account


@pytest.mark.parametrize("shape", ["text", "bare", "marked"])
def test_a_tool_reads_no_image_of_the_server(site, portrait, tmp_path, shape):
    portrait.save(tmp_path / "secret.png")
    path = str(tmp_path / "secret.png")
    file = {"path": path, "meta": {"_type": "gradio.FileData"}}
    photo = {"text": path, "bare": {"path": path}, "marked": file}[shape]
    tools = result(ask_tools(site, "tools/list", auth=ADA))["tools"]
    taking = [tool["name"] for tool in tools if "photo" in tool["inputSchema"]["properties"]]
    assert len(taking) == 2
    for name in taking:
        for arguments in ({"photo": photo}, {"photo": None, "model": photo}):
            call = {"name": name, "arguments": arguments}
            told = result(ask_tools(site, "tools/call", call, auth=ADA))
            assert told["isError"] or "face" not in told["content"][0]["text"], told
            assert "One face" not in json.dumps(told)


def test_every_tool_that_takes_files_takes_uploads_one_or_many(site, portrait, tmp_path):
    portrait.save(tmp_path / "face.png")
    upload = {"files": ("face.png", (tmp_path / "face.png").read_bytes())}
    (path,) = site.post("/gradio_api/upload", files=upload, auth=ADA).json()
    for name, arguments in (("analyse", {"photo": path}), ("batch", {"photos": [path, path]})):
        told = result(
            ask_tools(site, "tools/call", {"name": name, "arguments": arguments}, auth=ADA)
        )
        assert not told.get("isError"), told
        assert "probability" in told["content"][0]["text"]
    secret = {"photos": [path, str(tmp_path / "face.png")]}
    told = result(ask_tools(site, "tools/call", {"name": "batch", "arguments": secret}, auth=ADA))
    assert told["isError"]
    assert "Only uploaded files are read" in told["content"][0]["text"]


def test_a_tool_that_is_given_very_many_files_refuses_them_before_any_is_copied(site, closed):
    upload = {"files": ("face.png", b"x")}
    (path,) = site.post("/gradio_api/upload", files=upload, auth=ADA).json()
    tools = closed.mcp_server_obj
    with pytest.raises(gr.Error, match="201 files; at most 200"):
        tools.convert_strings_to_filedata({"photos": [path] * 201}, [["photos", "items"]])


def test_the_schemas_of_the_tools_refer_to_nothing_outside(site):
    tools = result(ask_tools(site, "tools/list", auth=ADA))["tools"]
    assert "$ref" not in json.dumps(tools)
    assert "$ref" not in site.get("/gradio_api/mcp/schema", auth=ADA).text


def test_nor_would_a_tool_whose_arguments_may_be_anything(closed, tmp_path):
    file = {"path": str(tmp_path / "secret.png"), "meta": {"_type": "gradio.FileData"}}
    with pytest.raises(gr.Error, match="Only uploaded files are read"):
        closed.mcp_server_obj.convert_strings_to_filedata({"options": [{"file": file}]}, [])


def test_a_login_on_the_page_opens_the_page_and_the_tools(site):
    sent = site.post("/login", data={"username": "ada", "password": "s3cret-word"})
    assert sent.status_code == 200
    assert INTRODUCTION in site.get("/").text
    assert result(ask_tools(site, "tools/list"))["tools"]


def test_a_program_logs_in_as_before(closed):
    client = Client(closed.local_url, auth=("grace", "other"), verbose=False)
    assert client.predict(api_name="/models")


def test_a_page_without_accounts_lets_everybody_in(address):
    assert httpx.get(f"{address}/config").status_code == 200


def test_in_the_browser_the_login_page_lets_an_account_in(closed, chromium):
    context = chromium.new_context()
    page = context.new_page()
    faults = []
    page.on("pageerror", lambda fault: faults.append(str(fault)))
    page.goto(closed.local_url)
    page.get_by_label("username").fill("ada")
    page.get_by_label("password").fill("s3cret-word")
    page.get_by_role("button", name="Login").click()
    page.wait_for_selector("#overlay img")
    assert faults == []
    context.close()
