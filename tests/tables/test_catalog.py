import re

import pytest

from nasbench_ga.errors import UnknownNameError
from nasbench_ga.tables.catalog import CATALOG, Publication


@pytest.fixture(params=list(CATALOG))
def publication(request: pytest.FixtureRequest) -> Publication:
    return CATALOG[request.param]


def test_names() -> None:
    assert list(CATALOG) == ["nb101", "nb101-full", "nats-tss", "nats-sss", "nb201", "analog-nas"]
    assert [publication.name for publication in CATALOG.values()] == list(CATALOG)


def test_every_field_is_filled(publication: Publication) -> None:
    for field in (
        "space",
        "title",
        "description",
        "licence",
        "citation",
        "homepage",
        "file_name",
        "checksum_note",
    ):
        assert getattr(publication, field).strip(), field
    assert re.search(r"\b20\d\d\b", publication.citation)
    assert publication.homepage.startswith("https://")
    assert publication.space in {"nb101", "nats-tss", "nats-sss"}


def test_either_an_address_or_a_package(publication: Publication) -> None:
    if publication.url is None:
        assert publication.module
        assert publication.requirement
    else:
        assert publication.url.startswith("https://")
        assert publication.module is None


def test_checksum(publication: Publication) -> None:
    if publication.sha256 is None:
        assert publication.checksum_note.startswith("No checksum")
    else:
        assert re.fullmatch(r"[0-9a-f]{64}", publication.sha256)


def test_official_file_is_among_the_known_names(publication: Publication) -> None:
    assert publication.file_name in publication.known_as
    assert all("/" not in name for name in publication.known_as)


def test_no_two_publications_share_a_file() -> None:
    for values in (
        [name for publication in CATALOG.values() for name in publication.known_as],
        [publication.url for publication in CATALOG.values() if publication.url],
        [publication.sha256 for publication in CATALOG.values() if publication.sha256],
    ):
        assert len(values) == len(set(values))


def test_google_drive_ids() -> None:
    # As given by the READMEs of NATS-Bench and NAS-Bench-201.
    ids = {name: re.search(r"[?&]id=([\w-]+)&", CATALOG[name].url or "") for name in ("nats-tss", "nats-sss", "nb201")}
    assert {name: found and found[1] for name, found in ids.items()} == {
        "nats-tss": "17_saCsj_krKjlCBLOJEpNtzPXArMCqxU",
        "nats-sss": "1scOMTUwcQhAMa_IMedp9lTzwmgqHLGgA",
        "nb201": "16Y0UwGisiouVRxW-W5hEtbxmcHw_0hF_",
    }


def test_unknown_name_lists_the_known_ones() -> None:
    with pytest.raises(UnknownNameError, match=r"did you mean 'nb101'.*nats-tss"):
        CATALOG["nb11"]


def test_a_publication_without_package_has_no_installed_file() -> None:
    assert CATALOG["nb101"].installed_file() is None


def test_the_packaged_file_is_found_without_importing_the_package() -> None:
    import sys

    file = CATALOG["analog-nas"].installed_file()
    assert file is not None
    assert file.stat().st_size == CATALOG["analog-nas"].size_bytes
    assert "analognasbench" not in sys.modules
