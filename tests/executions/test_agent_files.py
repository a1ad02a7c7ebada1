"""Agent files: the environment's values, and errors that name file and field."""

import json
import traceback

import pytest

from signoff.errors import InvalidAgentError, NotFoundError
from signoff.executions.agent_files import read_agent_file, read_agent_files

SCHEMA = "data_schema: {type: object, properties: {total: {type: number}}}\n"
SECRET = "whsec_c2lnbm9mZi1kZW1vLXdlYmhvb2stc2VjcmV0"


@pytest.fixture
def write(tmp_path):
    def write(text, name="invoice.yaml"):
        path = tmp_path / name
        path.write_text(text, encoding="utf-8")
        return path

    return write


def refusal(path, environment=None):
    with pytest.raises(InvalidAgentError) as caught:
        read_agent_file(path, environment or {})
    return str(caught.value)


def test_yaml_and_json_make_the_same_agent(write):
    from_yaml = read_agent_file(write("name: invoice\n" + SCHEMA), {})
    from_json = read_agent_file(
        write(
            json.dumps(
                {
                    "name": "invoice",
                    "data_schema": {"type": "object", "properties": {"total": {"type": "number"}}},
                }
            ),
            "invoice.json",
        ),
        {},
    )
    assert from_yaml == from_json


def test_a_byte_order_mark_is_no_part_of_the_name(tmp_path):
    path = tmp_path / "a.yaml"
    path.write_bytes(b"\xef\xbb\xbfname: invoice\n")
    assert read_agent_file(path, {}).name == "invoice"


def test_dates_in_a_schema_stay_strings(write):
    agent = read_agent_file(
        write(
            "name: a\ndata_schema:\n  type: object\n  properties:\n"
            "    day: {type: string, format: date, default: 2024-01-01, const: 2024-01-02}\n"
            "    country: {enum: [NO, DE]}\n"
        ),
        {},
    )
    assert agent.data_schema is not None
    assert agent.data_schema["properties"]["day"]["default"] == "2024-01-01"
    assert agent.data_schema["properties"]["day"]["const"] == "2024-01-02"
    assert agent.data_schema["properties"]["country"]["enum"] == ["NO", "DE"]


DESTINATIONS = """
name: a
destinations:
  - type: WEBHOOK
    url: ${HOOK:-http://127.0.0.1:4280/webhook}
    headers: {Authorization: 'Bearer ${KEY}', X-Fixed: plain}
    secret: ${SECRET}
  - type: ASKUI_WORKFLOW
    host: https://${HOST}/
    workflows: ['${KEPT}']
    token: ${TOKEN:-}
"""


def test_variables_in_destinations_are_filled_from_the_environment(write):
    agent = read_agent_file(
        write(DESTINATIONS), {"KEY": "k${HOST}", "SECRET": SECRET, "HOST": "erp.example"}
    )
    webhook, workflow = agent.destinations
    assert webhook.type == "WEBHOOK"
    assert workflow.type == "ASKUI_WORKFLOW"
    assert str(webhook.url) == "http://127.0.0.1:4280/webhook"
    # what the environment holds is not looked through for variables again
    assert webhook.headers["Authorization"].get_secret_value() == "Bearer k${HOST}"
    assert webhook.headers["X-Fixed"].get_secret_value() == "plain"
    assert webhook.secret is not None
    assert webhook.secret.get_secret_value() == SECRET
    assert str(workflow.host) == "https://erp.example/"
    assert workflow.workflows == ["${KEPT}"]
    assert workflow.token is not None
    assert workflow.token.get_secret_value() == ""


def test_every_missing_variable_is_named_with_file_and_field(write):
    path = write(DESTINATIONS)
    lines = refusal(path, {"KEY": ""}).splitlines()
    assert [line.partition(";")[0] for line in lines] == [
        f"{path}: destinations.0.headers.Authorization: the environment variable KEY is not set",
        f"{path}: destinations.0.secret: the environment variable SECRET is not set",
        f"{path}: destinations.1.host: the environment variable HOST is not set",
    ]


def test_a_malformed_variable_is_refused(write):
    path = write("name: a\ndestinations: [{type: WEBHOOK, url: 'http://${my host}/'}]\n")
    assert refusal(path) == (
        f"{path}: destinations.0.url: write variables as ${{NAME}} or ${{NAME:-default}}"
    )


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("name: a\ndestination: []", "destination: is no known field; did you mean destinations?"),
        ("name: a\nreview: {autoconfirm: true}", "review.autoconfirm: is no known field; did you"),
        ("name: a\nzzz: 1", "zzz: is no known field; known are checks, data_schema,"),
        ("description: x", "name: is missing"),
        ("name: -a", "name: takes letters, digits"),
        ("name: a\nstatus: GONE", "status: Input should be 'ACTIVE' or 'ARCHIVED'"),
        ("name: a\nchecks: [{a: b}]", "checks.0.type: is missing; write one of callable, date"),
        (
            "name: a\ndestinations: [{type: WEBHOOK, url: not a url}]",
            "destinations.0.url: Input should be a valid URL",
        ),
        (
            "name: a\ndestinations: [{type: WEBHOOK, url: 'http://x/', secrets: x}]",
            "destinations.0.secrets: is no known field; did you mean secret?",
        ),
        (
            "name: a\ndestinations: [{type: WEBHOOK, url: 'http://x/', WEBHOOK: x}]",
            "destinations.0.WEBHOOK: is no known field",
        ),
        (
            "name: a\ndestinations: [{type: ASKUI_WORKFLOW, host: 'http://x/', workflow: [x]}]",
            "destinations.0.workflow: is no known field; did you mean workflows?",
        ),
        ("name: a\ndestinations: [{type: WEBHOK}]", "destinations.0.type: must be one of 'WEBHO"),
        (
            "name: a\ndestinations: [{url: 'http://x/'}]",
            "destinations.0.type: is missing; write one of ASKUI_WORKFLOW, WEBHOOK",
        ),
        ("name: a\ndestinations: [7]", "destinations.0: "),
        ("name: a\ndestinations: 7", "destinations: Input should be a valid list"),
        ("name: a\ndata_schema: {type: array}", 'data_schema: needs "type": "object"'),
        (
            "name: a\ndata_schema: {type: object, properties: {x: {type: strng}}}",
            "data_schema: is no valid JSON Schema (2020-12) at properties/x/type",
        ),
        ("name: a\nexecution_types: [{key: A B, name: x}]", "execution_types.0.key: takes small"),
        (
            "name: a\nexecution_types: [{key: a, name: x}, {key: a, name: y}]",
            "execution_types: the key 'a' appears twice",
        ),
        ("name: a\nemail_trigger: {address: nobody}", "email_trigger.address: must be a mail"),
        (
            "name: a\nemail_trigger: {adress: a@b.example}",
            "email_trigger.adress: is no known field; did you mean address?",
        ),
        ("name: a\nname: b", "line 2: the key 'name' appears twice"),
        ("- name: a", "an agent is a mapping"),
        ("name: [a", "is no YAML at line 1"),
        ("", "is empty"),
    ],
)
def test_a_problem_names_file_and_field(write, text, problem):
    path = write(text)
    assert any(line.startswith(f"{path}: {problem}") for line in refusal(path).splitlines())


def test_every_problem_of_a_file_has_its_line(write):
    path = write("status: GONE\ntitle: x\nmax_corrections: 99\n")
    assert len(refusal(path).splitlines()) == 4
    assert all(line.startswith(f"{path}: ") for line in refusal(path).splitlines())


@pytest.mark.parametrize(
    "text",
    [
        "name: a\ndestinations: [{type: WEBHOOK, url: 'http://x/', secret: hunter2!}]",
        "name: a\ndestinations: [{type: WEBHOOK, url: 'http://u:hunter2!@/'}]",
        "name: a\ndestinations: [{type: WEBHOOK, url: 'http://x/', secret: [hunter2!]}]",
        "name: a\ndestinations: [{type: WEBHOOK, url: 'http://x/', headers: hunter2!}]",
        "name: a\ndestinations: [{type: WEBHOOK, url: 'http://x/', token: hunter2!}]",
        "name: a\ndestinations: [{type: WEBHOOK, secret: 'hunter2!' oops}]",
        "name: a\ndestinations: [{type: WEBHOOK, secret: !!int hunter2!}]",
        "name: a\ndestinations: [{type: WEBHOOK, secret: !hunter2 x}]",
        "name: a\ndestinations: [{type: WEBHOOK, secret: !hunter2!x y}]",
        "name: a\ndestinations: [{type: WEBHOOK, secret: *hunter2}]",
        "name: a\ndestinations: [{type: WEBHOOK, url: '${hunter}', secret: hunter2!}]",
    ],
)
def test_no_secret_appears_in_an_error_or_its_traceback(write, text):
    with pytest.raises(InvalidAgentError) as caught:
        read_agent_file(write(text), {})
    assert "hunter2" not in "".join(traceback.format_exception(caught.value))


def test_a_missing_file_and_a_wrong_extension_are_named(tmp_path, write):
    with pytest.raises(NotFoundError, match=r"gone\.yaml: there is no such file"):
        read_agent_file(tmp_path / "gone.yaml", {})
    assert ".yaml, .yml, .json" in refusal(write("name: a", "agent.toml"))


def test_a_file_that_is_not_utf_8_is_refused(tmp_path):
    path = tmp_path / "a.yaml"
    path.write_bytes("description: Grüße".encode("latin-1"))
    assert refusal(path) == f"{path}: is not UTF-8 at byte 15"


def test_a_folder_is_read_in_the_order_of_its_names(tmp_path, write):
    write("name: second", "b.yml")
    write('{"name": "third"}', "c.json")
    write("name: first", "a.yaml")
    write("not an agent", "notes.txt")
    write("not: [an agent", ".a.yaml")
    agents = read_agent_files(tmp_path, {})
    assert [agent.name for agent in agents] == ["first", "second", "third"]
    # a file named beside its folder counts once
    assert read_agent_files([tmp_path, tmp_path / "b.yml"], {}) == agents


def test_problems_of_all_files_are_reported_at_once(tmp_path, write):
    write("name: a\nname: b", "a.yaml")
    write("status: ACTIVE", "b.yaml")
    write("name: c", "c.yaml")
    write("name: c", "d.yaml")
    write("name: c\nworkspace: other", "e.yaml")
    with pytest.raises(InvalidAgentError) as caught:
        read_agent_files([tmp_path], {})
    assert str(caught.value).splitlines() == [
        f"{tmp_path / 'a.yaml'}: line 2: the key 'name' appears twice",
        f"{tmp_path / 'b.yaml'}: name: is missing",
        f"{tmp_path / 'd.yaml'}: name: 'c' is already the agent in {tmp_path / 'c.yaml'};"
        " two agents of a workspace need different names",
    ]


def test_a_folder_without_agents_is_said_to_be_empty(tmp_path):
    with pytest.raises(NotFoundError, match="holds no agent file"):
        read_agent_files([tmp_path], {})
