"""How text is decoded: certainly where it says so, sensibly where it does not, always somehow."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from signoff.documents.encoding import decode, detect_encoding, looks_like_text, mojibake_note

GERMAN = "Lieferschein Nr. 17\nStraße: Größenwahn 5, Köln\nGebühr: 12,50 € für Öl\n"
FRENCH = "Reçu n° 42 : château à l'élève, où l'été s'achève\n"
PORTUGUESE = "Fatura nº 9: ação de São João, pão e maçãs\n"
POLISH = "Zażółć gęślą jaźń. Faktura nr 5, kwota należności łącznie, płatność w złotych\n" * 3
RUSSIAN = "Счёт-фактура номер 15 от первого января, итого к оплате сто рублей\n" * 3


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        (GERMAN, "utf-8"),
        (GERMAN, "utf-8-sig"),
        (GERMAN, "utf-16"),
        (GERMAN, "utf-32"),
        (GERMAN, "cp1252"),
        (GERMAN.replace("€", "EUR"), "utf-16-le"),
        (GERMAN.replace("€", "EUR"), "utf-16-be"),
        (GERMAN.replace("€", "EUR"), "latin-1"),
        (FRENCH, "latin-1"),
        (PORTUGUESE, "latin-1"),
        (POLISH, "cp1250"),
        (RUSSIAN, "cp1251"),
        (RUSSIAN, "koi8-r"),
        ("納品書 第十七号 東京都千代田区 合計金額は百円です\n" * 3, "shift_jis"),
    ],
)
def test_text_is_read_as_it_was_written(text, encoding, tmp_path):
    path = tmp_path / "a.txt"
    path.write_bytes(text.encode(encoding))
    with path.open(encoding=detect_encoding(path), errors="replace", newline="") as stream:
        assert stream.read() == text
    assert decode(text.encode(encoding)).lstrip("\ufeff") == text
    assert looks_like_text(text.encode(encoding))


def test_one_wrong_byte_at_the_end_of_a_long_utf8_file_is_noticed(tmp_path):
    path = tmp_path / "a.txt"
    path.write_bytes(b"x" * 600_000 + b"\xfc")
    assert detect_encoding(path) == "cp1252"


def test_a_wrongly_declared_charset_does_not_stop_the_reading():
    assert decode("Größe".encode(), declared="no-such-charset") == "Größe"
    assert decode("Größe".encode("latin-1"), declared="utf-8") == "Größe"


@pytest.mark.parametrize("sample", [b"\x00\x01\x02\x03binary", bytes(range(32)) * 4])
def test_binary_is_not_taken_for_text(sample):
    assert not looks_like_text(sample)


def test_mojibake_is_noted_and_not_touched():
    damaged = GERMAN.encode().decode("cp1252")
    assert "as received" in (mojibake_note(damaged) or "")
    assert "1 character could" in (mojibake_note("caf\ufffd") or "")
    assert mojibake_note(GERMAN) is None
    assert mojibake_note(FRENCH) is None
    assert mojibake_note(PORTUGUESE) is None


@given(st.binary())
def test_decoding_never_fails(data):
    assert isinstance(decode(data), str)


@given(data=st.binary(), declared=st.text(max_size=12))
def test_decoding_never_fails_whatever_is_declared(data, declared):
    assert isinstance(decode(data, declared=declared), str)


@given(st.binary())
def test_any_file_can_be_read_in_the_detected_encoding(tmp_path_factory, data):
    path = tmp_path_factory.getbasetemp() / "any.txt"
    path.write_bytes(data)
    path.read_text(encoding=detect_encoding(path), errors="replace")
    looks_like_text(data)
