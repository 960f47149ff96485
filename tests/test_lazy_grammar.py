"""The grammar of IRIs is built when somebody asks for it, and answers the same."""

import subprocess
import sys


def printed(code: str) -> list[str]:
    done = subprocess.run([sys.executable, "-W", "ignore", "-c", code], capture_output=True, text=True, check=True)
    return done.stdout.split()


def test_checks_import_without_the_grammar() -> None:
    code = "import sys; from toolkit.importing import import_great_expectations as load; load()"
    assert printed(f"{code}; print('jsonschema' in sys.modules, 'lark' in sys.modules)") == ["True", "False"]


def test_charts_import_without_the_grammar() -> None:
    code = "import sys, toolkit.preview.charts, altair; print('jsonschema' in sys.modules, 'lark' in sys.modules)"
    assert printed(code) == ["True", "False"]


def test_deferred_answers_are_the_packages_own() -> None:
    code = (
        "import sys; {defer}import jsonschema\n"
        "checker = jsonschema.FormatChecker()\n"
        "for text in ('https://é.example/ü?q', 'https://[', '', 'no scheme'):\n"
        "    print(checker.conforms(text, 'iri'), checker.conforms(text, 'iri-reference'))\n"
        "import rfc3987_syntax; print(len(rfc3987_syntax.__all__) if hasattr(rfc3987_syntax, '__all__') else 0)\n"
        "print(rfc3987_syntax.is_valid_syntax_iri('https://a.example'), 'lark' in sys.modules)"
    )
    deferred = printed(code.format(defer="from toolkit.lazy_grammar import defer_iri_grammar as d; d(); d(); "))
    plain = printed(code.format(defer=""))
    assert deferred == plain
    assert deferred[0] == "True"
    assert deferred[2] == "False"
