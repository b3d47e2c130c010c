"""Staff of the shop: inviting, binding, removing, and who somebody is."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import delete, func, select, update

from bot.domain.merchants.models import Dealt, Invitation, Staff, StaffIdentity
from bot.errors import Refusal
from bot.store.transaction import Tx

# Without the pairs a person mixes up on a phone: 0/O, 1/I/L, 2/Z, 5/S, 8/B.
CODE_LETTERS = "ACDEFGHJKMNPQRTUVWXY34679"
INVITATION_LIFE = timedelta(days=7)
INVITATION_LENGTH = 8
OWN_CODE_LIFE = timedelta(minutes=10)


def new_code(length: int) -> str:
    """A code to type on a phone: capitals and digits, always at least one of each, so that no word or number is one."""
    while True:
        code = "".join(secrets.choice(CODE_LETTERS) for _ in range(length))
        if any(letter.isdigit() for letter in code) and any(letter.isalpha() for letter in code):
            return code


def invite(tx: Tx, *, role: str) -> str:
    """Makes a one-time code for ``绑定 CODE``, good for seven days; returns the code, which is stored nowhere."""
    return _new_invitation(tx, INVITATION_LIFE, role=role)


def own_code(tx: Tx, staff: Staff) -> str:
    """As `invite`, but whoever types it in another account within ten minutes is this very ``staff`` member there too."""
    return _new_invitation(tx, OWN_CODE_LIFE, role=staff.role, staff_id=staff.id)


def _new_invitation(tx: Tx, life: timedelta, **what: Any) -> str:
    code = new_code(INVITATION_LENGTH)
    tx.session.add(Invitation(digest=_digest(code), created_at=tx.now, expires_at=tx.now + life, **what))
    return code


@dataclass(frozen=True, slots=True)
class Bound:
    """Who is bound now; ``joined``: by a code of their own; ``before``: another member this address belonged to, who has
    left, so that what is open with them is to be handed over."""

    staff: Staff
    joined: bool = False
    before: Staff | None = None


def bind(tx: Tx, *, account: str, person_id: str, code: str, name: str) -> Bound:
    """Makes the person behind ``person_id`` staff by an invitation; who is staff already gets the invitation's role.

    Raises Refusal for a code that is unknown, used or too old, and for somebody's own code where it joins nothing.
    """
    invitation = tx.session.scalars(select(Invitation).where(Invitation.digest == _digest(code.upper()))).first()
    if invitation is None:
        raise Refusal(f"没有这个绑定码：{code}。请核对后再发；还不行，请老板发送“员工 邀请”再要一个。")
    if invitation.used_at is not None:
        raise Refusal("这个绑定码已经用过了，每个码只能用一次。请向老板再要一个（老板发送“员工 邀请”）。")
    if invitation.expires_at <= tx.now and invitation.staff_id is not None:
        raise Refusal("这个绑定码过期了（10 分钟内有效）。请在原来那处再发一次“绑定”。")
    if invitation.expires_at <= tx.now:
        raise Refusal(
            "这个绑定码过期了（7 天内有效）。店员请向老板再要一个（老板发送“员工 邀请”）；"
            "还没有老板时，在电脑上运行 shuke staff invite --role owner。"
        )
    # The unused row is taken by an update that counts: two who type one code at once do not both become staff.
    taken = tx.execute(
        update(Invitation).where(Invitation.id == invitation.id, Invitation.used_at.is_(None)).values(used_at=tx.now)
    )
    if taken.rowcount != 1:
        raise Refusal("这个绑定码刚刚被别人用了。请向老板再要一个（老板发送“员工 邀请”）。")
    if invitation.staff_id is not None:
        bound = _join(tx, tx.session.get_one(Staff, invitation.staff_id), account=account, person_id=person_id)
    else:
        bound = Bound(_invited(tx, invitation.role, account=account, person_id=person_id, name=name))
    tx.session.flush()
    tx.execute(update(Invitation).where(Invitation.id == invitation.id).values(used_by=bound.staff.id))
    return bound


def _invited(tx: Tx, role: str, *, account: str, person_id: str, name: str) -> Staff:
    staff = find(tx, account=account, person_id=person_id)
    if staff is None and (removed := _removed_member(tx, account, person_id)) is not None:
        staff = removed
        staff.active, staff.removed_at, staff.role = True, None, role
        staff.name = name or staff.name
    elif staff is None:
        staff = Staff(name=name, role=role, active=True, created_at=tx.now)
        tx.session.add(staff)
        tx.session.flush()
        tx.session.add(StaffIdentity(staff_id=staff.id, account=account, person_id=person_id))
    else:
        staff.name = name or staff.name
        staff.role = "owner" if "owner" in (staff.role, role) else role
    return staff


def _join(tx: Tx, staff: Staff, *, account: str, person_id: str) -> Bound:
    """This address, and all others of whom it belonged to, are ``staff``'s from now on."""
    if not staff.active or _removed_member(tx, account, person_id) is not None:
        raise Refusal("移除过的店员要老板请才能回来：请老板发送“员工 邀请”，再发那个绑定码。")
    before = find(tx, account=account, person_id=person_id)
    moving = addresses(tx, before.id) if before is not None else []
    taken = {address.account for address in addresses(tx, staff.id)}
    if taken & {account, *(address.account for address in moving)}:
        raise Refusal(
            f"这个码是{staff.name}给自己的另一个账号用的，在这个账号里已经有{staff.name}了。请新同事，老板发送：员工 邀请"
        )
    if before is None:
        tx.session.add(StaffIdentity(staff_id=staff.id, account=account, person_id=person_id))
        return Bound(staff, joined=True)
    if staff.name in {address.person_id for address in addresses(tx, staff.id)}:
        staff.name = before.name  # the company's id was all that was known
    staff.role = "owner" if "owner" in (staff.role, before.role) else staff.role
    for address in moving:
        address.staff_id = staff.id
    before.active, before.removed_at = False, tx.now
    return Bound(staff, joined=True, before=before)


@dataclass(frozen=True, slots=True)
class Member:
    """One of the company's people: ``staff`` None where they were removed; ``is_new``: they are staff from now on."""

    staff: Staff | None
    is_new: bool = False


def member(tx: Tx, *, account: str, person_id: str, owner: bool) -> Member:
    """Who one of the company's people is here: staff from their first word on, without an invitation.

    ``owner``: the settings name them as one. Who was removed stays so until an invitation brings them back.
    """
    staff = find(tx, account=account, person_id=person_id)
    if staff is None and _removed_member(tx, account, person_id) is not None:
        return Member(None)
    is_new = staff is None
    if staff is None:
        staff = Staff(name=person_id, role="staff", active=True, created_at=tx.now)
        tx.session.add(staff)
        tx.session.flush()
        tx.session.add(StaffIdentity(staff_id=staff.id, account=account, person_id=person_id, member=True))
    if owner and staff.role != "owner":
        staff.role = "owner"
    tx.session.flush()
    return Member(staff, is_new)


def unnamed_members(tx: Tx, account: str) -> list[str]:
    """The company's people who work here and are called by their id, for want of a name."""
    found = select(StaffIdentity.person_id).join(Staff, Staff.id == StaffIdentity.staff_id)
    mine = found.where(StaffIdentity.account == account, StaffIdentity.member, Staff.active.is_(True))
    return list(tx.session.scalars(mine.where(Staff.name == StaffIdentity.person_id).order_by(Staff.id)))


def name_member(tx: Tx, account: str, person_id: str, name: str) -> bool:
    """Calls one of the company's people what the company does, unless they have said something else meanwhile."""
    staff = find(tx, account=account, person_id=person_id)
    if staff is None or staff.name != person_id:
        return False
    staff.name = name
    return True


def _removed_member(tx: Tx, account: str, person_id: str) -> Staff | None:
    return tx.session.scalars(
        select(Staff)
        .join(StaffIdentity, StaffIdentity.staff_id == Staff.id)
        .where(StaffIdentity.account == account, StaffIdentity.person_id == person_id, Staff.active.is_(False))
    ).first()


def find(tx: Tx, *, account: str, person_id: str) -> Staff | None:
    """The active staff member who writes from this address, or None."""
    return tx.session.scalars(
        select(Staff)
        .join(StaffIdentity, StaffIdentity.staff_id == Staff.id)
        .where(StaffIdentity.account == account, StaffIdentity.person_id == person_id, Staff.active.is_(True))
    ).first()


def active_staff(tx: Tx) -> list[Staff]:
    return list(tx.session.scalars(select(Staff).where(Staff.active.is_(True)).order_by(Staff.id)))


def call(staff: Staff, name: str) -> None:
    """What a member of staff is called from now on."""
    staff.name = name


def owners(tx: Tx) -> list[Staff]:
    return [staff for staff in active_staff(tx) if staff.role == "owner"]


def has_owner(tx: Tx) -> bool:
    count = select(func.count()).select_from(Staff).where(Staff.active.is_(True), Staff.role == "owner")
    return bool(tx.execute(count).scalar())


def named(tx: Tx, who: str, *, command: str, gone_too: bool = False) -> Staff:
    """One staff member by name or number in the list; ``gone_too``: also who was removed, unless one of the name works
    here. Raises Refusal that shows ``command`` with a number."""
    everybody = active_staff(tx)
    found = _called(everybody, who)
    if not found and gone_too:
        found = _called(list(tx.session.scalars(select(Staff).order_by(Staff.id.desc()))), who)[:1]
    if not found:
        names = "、".join(f"{staff.id} {staff.name}" for staff in everybody)
        raise Refusal(f"没有叫“{who}”的店员。现在有：{names}")
    if len(found) > 1:
        raise Refusal(f"有 {len(found)} 位都叫“{who}”，请用编号：{command.format(found[0].id)}")
    return found[0]


def _called(staff: list[Staff], who: str) -> list[Staff]:
    return [one for one in staff if one.name == who or str(one.id) == who.lstrip("#")]


def names(tx: Tx) -> dict[int, str]:
    """Everybody's name by number, also of who left."""
    return {row.id: row.name for row in tx.execute(select(Staff.id, Staff.name))}


def remove(tx: Tx, *, who: str) -> tuple[Staff, Sequence[StaffIdentity]]:
    """Ends somebody's rights at once, by name or number in the list. Raises Refusal; the last owner stays.

    Returns them with the addresses they had; those outside the company are a customer's from now on.
    """
    everybody = active_staff(tx)
    staff = named(tx, who, command="员工 移除 {}")
    if staff.role == "owner" and sum(other.role == "owner" for other in everybody) == 1:
        raise Refusal("最后一位老板不能移除。先用“员工 邀请”请另一位老板进来。")
    staff.active = False
    staff.removed_at = tx.now
    tx.session.flush()
    # The address is free again: who works here no more is a customer like any other when writing next. One of the
    # company's people is none, and would be staff again by the next word.
    had = addresses(tx, staff.id)
    for address in had:
        if not address.member:
            tx.session.delete(address)
    tx.execute(delete(Dealt).where(Dealt.staff_id == staff.id))
    return staff, had


def addresses(tx: Tx, staff_id: int, *, lock: bool = False) -> Sequence[StaffIdentity]:
    """Where a staff member can be written to, first in the company, where no window closes; ``lock`` keeps a second
    worker from telling them the same."""
    found = select(StaffIdentity).where(StaffIdentity.staff_id == staff_id)
    found = found.order_by(StaffIdentity.member.desc(), StaffIdentity.id)
    return tx.session.scalars(found.with_for_update() if lock else found).all()


def members(tx: Tx, account: str) -> dict[str, str]:
    """Everybody who works here and writes from one account: platform person → name."""
    found = select(StaffIdentity.person_id, Staff.name).join(Staff, Staff.id == StaffIdentity.staff_id)
    here = found.where(StaffIdentity.account == account, Staff.active.is_(True))
    return dict(tx.execute(here.order_by(StaffIdentity.id)).all())


def gone_members(tx: Tx, account: str) -> set[str]:
    """The platform persons of members of a company who were removed from the staff."""
    found = select(StaffIdentity.person_id).join(Staff, Staff.id == StaffIdentity.staff_id)
    gone = found.where(StaffIdentity.account == account, StaffIdentity.member, Staff.active.is_(False))
    return set(tx.session.scalars(gone))


def people(tx: Tx, account: str) -> list[str]:
    """The platform persons behind everybody who works here, of one account."""
    found = select(StaffIdentity.person_id).join(Staff, Staff.id == StaffIdentity.staff_id)
    here = found.where(StaffIdentity.account == account, Staff.active.is_(True))
    return list(tx.session.scalars(here.order_by(StaffIdentity.person_id)))


def require_owner(staff: Staff, what: str) -> None:
    """Raises Refusal unless ``staff`` is an owner; ``what`` names the step in the sentence."""
    if staff.role != "owner":
        raise Refusal(f"{what}只有老板可以做，请老板来操作。")


def _digest(code: str) -> str:
    return hashlib.sha256(code.strip().upper().encode()).hexdigest()
