"""The address book maps a task's private address to its loopback port."""

from cutover.localcloud.addresses import AddressBook


def test_a_bound_address_resolves_to_loopback() -> None:
    book = AddressBook()
    book.bind("10.0.1.5", 8080, 40001)
    assert book.resolve("10.0.1.5", 8080) == ("127.0.0.1", 40001)


def test_another_port_of_a_bound_address_does_not_resolve() -> None:
    book = AddressBook()
    book.bind("10.0.1.5", 8080, 40001)
    assert book.resolve("10.0.1.5", 9090) is None


def test_unbinding_removes_every_port_of_that_address_only() -> None:
    book = AddressBook()
    book.bind("10.0.1.5", 8080, 40001)
    book.bind("10.0.1.5", 9090, 40002)
    book.bind("10.0.1.6", 8080, 40003)
    book.unbind("10.0.1.5")
    assert [book.resolve("10.0.1.5", 8080), book.resolve("10.0.1.5", 9090)] == [None, None]
    assert book.resolve("10.0.1.6", 8080) == ("127.0.0.1", 40003)


def test_an_unknown_address_can_be_unbound() -> None:
    AddressBook().unbind("10.0.1.5")
