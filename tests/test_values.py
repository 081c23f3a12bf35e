"""A class with the cheap decorator and the same one with the standard decorator cannot be told apart."""

import copy
import dataclasses
import pickle
from dataclasses import FrozenInstanceError, field

import pytest

from minikernel import values


def family(decorator):
    """Some classes, made with one of the two decorators."""

    @decorator(frozen=True)
    class Base:
        """A base."""

        number: int
        text: str = "none"

    @decorator(frozen=True)
    class Derived(Base):
        """A class with a base, a property and defaults of both kinds."""

        items: list = field(default_factory=list)
        last: tuple = ()

        @property
        def twice(self):
            return 2 * self.number

    @decorator(frozen=True)
    class Other(Base):
        """The same fields as the base."""

    @decorator(frozen=True)
    class Empty:
        """No field at all."""

    @decorator(frozen=True)
    class Own:
        """Methods of its own are kept."""

        number: int

        def __repr__(self):
            return f"<{self.number}>"

        def __eq__(self, other):
            return True

        def __hash__(self):
            return 7

    return Base, Derived, Other, Empty, Own


PAIR = pytest.mark.parametrize("decorator", [dataclasses.dataclass, values.dataclass], ids=["standard", "ours"])


@PAIR
def test_arguments_by_place_by_name_and_by_default(decorator):
    base, derived, _, empty, _ = family(decorator)
    assert vars(base(1)) == {"number": 1, "text": "none"}
    assert vars(base(text="a", number=2)) == {"number": 2, "text": "a"}
    assert list(vars(derived(1, last=(3,)))) == ["number", "text", "items", "last"]
    assert vars(derived(1, "b", [2], (3,))) == {"number": 1, "text": "b", "items": [2], "last": (3,)}
    assert derived(1).items is not derived(1).items
    assert derived(4).twice == 8
    assert vars(empty()) == {}


@PAIR
@pytest.mark.parametrize(
    ("arguments", "named", "message"),
    [
        ((), {}, "missing .*'number'"),
        ((1, "a", "b"), {}, "takes .*arguments? but .* given"),
        ((1,), {"number": 2}, "multiple values for argument 'number'"),
        ((1,), {"size": 2}, "unexpected keyword argument 'size'"),
    ],
)
def test_impossible_arguments_are_type_errors(decorator, arguments, named, message):
    with pytest.raises(TypeError, match=rf"Base\.__init__\(\) .*{message}"):
        family(decorator)[0](*arguments, **named)


@PAIR
def test_equality_and_hash_are_those_of_the_class_and_its_values(decorator):
    base, derived, other, empty, own = family(decorator)
    assert base(1, "a") == base(1, "a") != base(1, "b")
    assert base(1) != other(1) and base(1) != (1, "none") and derived(1) != base(1)
    assert hash(base(1, "a")) == hash(base(1, "a")) == hash((1, "a"))
    assert len({base(1), base(1), base(2), other(1)}) == 3
    assert empty() == empty()
    assert own(1) == own(2) and hash(own(1)) == 7
    with pytest.raises(TypeError, match="unhashable"):
        hash(derived(1))  # its list


@PAIR
def test_repr_names_class_and_fields(decorator):
    base, derived, _, empty, own = family(decorator)
    place = "family.<locals>."
    assert repr(base(1, "a")) == f"{place}Base(number=1, text='a')"
    assert repr(derived(1)) == f"{place}Derived(number=1, text='none', items=[], last=())"
    assert repr(empty()) == f"{place}Empty()"
    assert repr(own(1)) == "<1>"


@PAIR
def test_values_are_frozen(decorator):
    base, derived, *_ = family(decorator)
    for value in (base(1), derived(1)):
        with pytest.raises(FrozenInstanceError, match="cannot assign to field 'number'"):
            value.number = 2
        with pytest.raises(FrozenInstanceError, match="cannot delete field 'number'"):
            del value.number
        assert value.number == 1


@PAIR
def test_functions_of_dataclasses_work(decorator):
    base, derived, *_ = family(decorator)
    assert dataclasses.is_dataclass(base)
    assert [each.name for each in dataclasses.fields(derived)] == ["number", "text", "items", "last"]
    assert dataclasses.replace(base(1, "a"), number=2) == base(2, "a")
    assert dataclasses.asdict(derived(1)) == {"number": 1, "text": "none", "items": [], "last": ()}
    assert dataclasses.astuple(base(1)) == (1, "none")
    assert copy.copy(base(1)) == copy.deepcopy(base(1)) == base(1)


@PAIR
def test_match_statement_takes_the_fields_by_place(decorator):
    base, *_ = family(decorator)
    match base(3, "c"):
        case base(number, text):
            assert (number, text) == (3, "c")
        case _:
            pytest.fail("no match")


@values.dataclass(frozen=True)
class Picklable:
    """Must stand where pickle finds it."""

    number: int
    inner: tuple = ()


def test_value_is_pickled_as_it_is():
    value = Picklable(1, (Picklable(2),))
    assert pickle.loads(pickle.dumps(value)) == value
