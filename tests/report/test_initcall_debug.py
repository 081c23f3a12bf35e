"""The slow initcalls of a log."""

from __future__ import annotations

from minikernel.report.initcall_debug import TimedInitcall, parse_log, slowest, worth_deferring

LOG = """\
[    0.001000] calling  gic_init+0x0/0x40 @ 1
[    0.001010] initcall gic_init+0x0/0x40 returned 0 after 10 usecs
[    0.001020] initcall iommu_init+0x0/0x40 returned -19 after 2 usecs
[    0.101020] initcall ehci_hcd_init+0x0/0x40 returned 0 after 90000 usecs
[    0.161020] initcall uhci_hcd_init+0x0/0x40 returned 0 after 60 msecs
[    0.161030] physmap: initcall is a word that may stand anywhere
"""


def test_every_finished_initcall_is_read_and_old_msecs_too() -> None:
    assert parse_log(LOG) == (
        TimedInitcall("gic_init", 0, 10),
        TimedInitcall("iommu_init", -19, 2),
        TimedInitcall("ehci_hcd_init", 0, 90_000),
        TimedInitcall("uhci_hcd_init", 0, 60_000),
    )


def test_slowest_come_first() -> None:
    assert [call.name for call in slowest(parse_log(LOG), 3)] == ["ehci_hcd_init", "uhci_hcd_init", "gic_init"]


def test_advice_names_the_two_that_cost_the_boot() -> None:
    assert [call.name for call in worth_deferring(parse_log(LOG))] == ["ehci_hcd_init", "uhci_hcd_init"]


def test_the_slowest_of_fast_calls_is_not_worth_deferring() -> None:
    assert worth_deferring([TimedInitcall("populate_rootfs", 0, 900), TimedInitcall("gic_init", 0, 20)]) == []


def test_empty_log_gives_no_advice() -> None:
    assert worth_deferring(parse_log("")) == []
