"""Staff of the shop: inviting, binding, removing, and who somebody is."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import delete, func, select, update

from bot.domain.merchants.models import Dealt, Invitation, Staff, StaffIdentity
from bot.errors import Refusal
from bot.store.transaction import Tx

# Without the pairs a person mixes up on a phone: 0/O, 1/I/L, 2/Z, 5/S, 8/B.
CODE_LETTERS = "ACDEFGHJKMNPQRTUVWXY34679"
INVITATION_LIFE = timedelta(days=7)
INVITATION_LENGTH = 8


def new_code(length: int) -> str:
    """A code to type on a phone: capitals and digits, always at least one of each, so that no word or number is one."""
    while True:
        code = "".join(secrets.choice(CODE_LETTERS) for _ in range(length))
        if any(letter.isdigit() for letter in code) and any(letter.isalpha() for letter in code):
            return code


def invite(tx: Tx, *, role: str) -> str:
    """Makes a one-time code for ``绑定 CODE``, good for seven days; returns the code, which is stored nowhere."""
    code = new_code(INVITATION_LENGTH)
    tx.session.add(Invitation(digest=_digest(code), role=role, created_at=tx.now, expires_at=tx.now + INVITATION_LIFE))
    return code


def bind(tx: Tx, *, account: str, person_id: str, code: str, name: str) -> Staff:
    """Makes the person behind ``person_id`` staff by an invitation; who is staff already gets the invitation's role.

    Raises Refusal for a code that is unknown, used or too old.
    """
    invitation = tx.session.scalars(select(Invitation).where(Invitation.digest == _digest(code.upper()))).first()
    if invitation is None:
        raise Refusal(f"没有这个绑定码：{code}。请核对后再发；还不行，请老板发送“员工 邀请”再要一个。")
    if invitation.used_at is not None:
        raise Refusal("这个绑定码已经用过了，每个码只能用一次。请向老板再要一个（老板发送“员工 邀请”）。")
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
    staff = find(tx, account=account, person_id=person_id)
    if staff is None and (removed := _removed_member(tx, account, person_id)) is not None:
        staff = removed
        staff.active, staff.removed_at, staff.role = True, None, invitation.role
        staff.name = name or staff.name
    elif staff is None:
        staff = Staff(name=name, role=invitation.role, active=True, created_at=tx.now)
        tx.session.add(staff)
        tx.session.flush()
        tx.session.add(StaffIdentity(staff_id=staff.id, account=account, person_id=person_id))
    else:
        staff.name = name or staff.name
        staff.role = "owner" if "owner" in (staff.role, invitation.role) else invitation.role
    tx.session.flush()
    tx.execute(update(Invitation).where(Invitation.id == invitation.id).values(used_by=staff.id))
    return staff


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


def remove(tx: Tx, *, who: str) -> Staff:
    """Ends somebody's rights at once, by name or number in the list. Raises Refusal; the last owner stays."""
    everybody = active_staff(tx)
    staff = named(tx, who, command="员工 移除 {}")
    if staff.role == "owner" and sum(other.role == "owner" for other in everybody) == 1:
        raise Refusal("最后一位老板不能移除。先用“员工 邀请”请另一位老板进来。")
    staff.active = False
    staff.removed_at = tx.now
    tx.session.flush()
    # The address is free again: who works here no more is a customer like any other when writing next. One of the
    # company's people is none, and would be staff again by the next word.
    theirs = select(StaffIdentity).where(StaffIdentity.staff_id == staff.id, StaffIdentity.member.is_(False))
    for identity in tx.session.scalars(theirs):
        tx.session.delete(identity)
    tx.execute(delete(Dealt).where(Dealt.staff_id == staff.id))
    return staff


def address(tx: Tx, staff_id: int, *, lock: bool = False) -> StaffIdentity | None:
    """Where a staff member can be written to; ``lock`` keeps a second worker from telling them the same."""
    found = select(StaffIdentity).where(StaffIdentity.staff_id == staff_id).order_by(StaffIdentity.id).limit(1)
    return tx.session.scalars(found.with_for_update() if lock else found).first()


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
