"""Floor 0. Frozen dataclasses that cost little to define: `from minikernel.values import dataclass`.

The standard decorator writes the source of six methods for each class and compiles it, a quarter of a millisecond each
time: for the classes that a boot loads that is a tenth of the whole boot. Here all classes share one set of methods,
which look at the list of fields instead. What can be seen is the same: repr, equality, hash, errors, `fields()`,
`replace()`, matching, pickling. To make an object takes a microsecond longer, so a class of which thousands are made
stays with the standard decorator. Subclasses use the decorator of their base.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from dataclasses import MISSING, FrozenInstanceError
from typing import TYPE_CHECKING, Any, Literal, TypeVar

T = TypeVar("T")

if TYPE_CHECKING:
    from dataclasses import dataclass as dataclass
else:

    def dataclass(*, frozen: Literal[True]) -> Callable[[type[T]], type[T]]:
        """As dataclasses.dataclass(frozen=True)."""
        return _with_shared_methods


def _with_shared_methods(cls: type[T]) -> type[T]:
    """Collect the fields, and add each method that the class does not have of its own."""
    if cls.__doc__ is None:
        cls.__doc__ = cls.__qualname__  # the standard decorator would find out the signature, which takes long
    dataclasses.dataclass(init=False, repr=False, eq=False)(cls)
    for name, method in _METHODS.items():
        if name not in cls.__dict__:
            setattr(cls, name, method)
    return cls


def _init(self: Any, *values: object, **named: object) -> None:
    names = self.__match_args__
    if len(values) == len(names) and not named:
        self.__dict__.update(zip(names, values, strict=True))
    else:
        self.__dict__.update(_bound(type(self), values, named))


def _bound(cls: type[Any], values: tuple[object, ...], named: dict[str, object]) -> dict[str, object]:
    """Field -> value, as a function with the fields for parameters would bind its arguments. Raises TypeError."""
    fields = dataclasses.fields(cls)
    call = f"{cls.__qualname__}.__init__()"
    if len(values) > len(fields):
        raise TypeError(f"{call} takes at most {len(fields)} arguments but {len(values)} were given")
    bound = {field.name: value for field, value in zip(fields, values, strict=False)}
    for name, value in named.items():
        if name in bound:
            raise TypeError(f"{call} got multiple values for argument {name!r}")
        if name not in cls.__match_args__:
            raise TypeError(f"{call} got an unexpected keyword argument {name!r}")
        bound[name] = value
    missing = []
    for field in fields:
        if field.name in bound:
            continue
        if field.default is not MISSING:
            bound[field.name] = field.default
        elif field.default_factory is not MISSING:
            bound[field.name] = field.default_factory()
        else:
            missing.append(field.name)
    if missing:
        raise TypeError(f"{call} missing arguments: {', '.join(map(repr, missing))}")
    return {field.name: bound[field.name] for field in fields}


def _values(self: Any) -> tuple[object, ...]:
    return tuple([getattr(self, name) for name in self.__match_args__])


def _repr(self: Any) -> str:
    shown = ", ".join([f"{name}={getattr(self, name)!r}" for name in self.__match_args__])
    return f"{type(self).__qualname__}({shown})"


def _eq(self: Any, other: object) -> bool:
    return _values(self) == _values(other) if type(other) is type(self) else NotImplemented


def _hash(self: Any) -> int:
    return hash(_values(self))


def _setattr(_self: Any, name: str, _value: object) -> None:
    raise FrozenInstanceError(f"cannot assign to field {name!r}")


def _delattr(_self: Any, name: str) -> None:
    raise FrozenInstanceError(f"cannot delete field {name!r}")


_METHODS = {
    "__init__": _init,
    "__repr__": _repr,
    "__eq__": _eq,
    "__hash__": _hash,
    "__setattr__": _setattr,
    "__delattr__": _delattr,
}
