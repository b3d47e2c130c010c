"""Mass sending (群发): submission, the job that follows, and the event that tells its counts.

Source: vendor manual, Batch_Sends_and_Originality_Checks. A job rings the phones `mass_start_seconds` after the call
and reports when `speed` is through; FilterCount is always SentCount + ErrorCount.
"""

from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from .calls import Ask, endpoint
from .clock import day_of, month_of
from .errors import Refused
from .fans import Fan
from .messages import check_reachable
from .parcels import mass_parcel
from .phones import Parcel

if TYPE_CHECKING:
    from .platform import Platform

SENDALL = "/cgi-bin/message/mass/sendall"
PER_MINUTE = (800_000, 600_000, 450_000, 300_000, 100_000)
HELPER = "oSandboxMassHelper0000000001"  # MASSSENDJOBFINISH comes from the platform's own helper, not from a fan


@dataclass(slots=True)
class Job:
    """One accepted mass call. `status` is what mass/get answers; counts stand once it has rung the phones.

    `recipients` is empty from then on, `total` stays.
    """

    msg_id: int
    call_id: int
    recipients: list[str]
    parcel: Parcel
    media_id: str | None
    status: str = "SENDING"
    sent: int = 0
    errors: int = 0
    total: int = 0
    twists: dict[str, dict[str, Any]] = field(default_factory=dict)


class MassJobs:
    """Jobs, client keys and the account's own quotas. The caller holds the platform's lock."""

    def __init__(self, first_id: int) -> None:
        self.speed = 0
        self._next_id = first_id
        self._jobs: dict[int, Job] = {}
        self._keys: dict[str, list[float]] = {}  # clientmsgid: msg_id, first and last time of its use
        self._spent: dict[str, list[Any]] = {}

    def find(self, msg_id: int) -> Job:
        job = self._jobs.get(msg_id)
        if job is None:
            raise Refused(40059)
        return job

    def open(self, **parts: Any) -> Job:
        job = Job(self._next_id, total=len(parts["recipients"]), **parts)
        self._next_id += 1
        self._jobs[job.msg_id] = job
        return job

    def check_key(self, platform: "Platform", key: object, now: float) -> None:
        """clientmsgid: 45067 too long, 45066 again within a minute, 45065 with the earlier msg_id for 24 h."""
        if key is None:
            return
        if not isinstance(key, str) or len(key.encode()) > platform.limits["clientmsgid_bytes"]:
            raise Refused(45067)
        used = self._keys.get(key)
        if used is None or now - used[1] >= platform.limits["clientmsgid_seconds"]:
            return
        last, used[2] = used[2], now
        if 0 <= now - last < platform.limits["clientmsgid_again_seconds"]:
            raise Refused(45066)
        raise Refused(45065, msg_id=int(used[0]))

    def remember_key(self, key: object, job: Job, now: float) -> None:
        if isinstance(key, str):
            self._keys[key] = [job.msg_id, now, now]

    def spend(self, what: str, span: str, most: float) -> None:
        """Take one of so many sendings of a day or month; `Refused` 45028 when they are used up."""
        since, used = self._spent.get(what, ("", 0))
        used = used if since == span else 0
        if used >= most:
            raise Refused(45028)
        self._spent[what] = [span, used + 1]

    def dump(self) -> dict[str, Any]:
        jobs = [asdict(job) | {"parcel": list(job.parcel)} for job in self._jobs.values()]
        return {"speed": self.speed, "next_id": self._next_id, "jobs": jobs, "keys": self._keys, "spent": self._spent}

    def load(self, saved: dict[str, Any]) -> None:
        self.speed, self._next_id = saved["speed"], saved["next_id"]
        jobs = (Job(**(job | {"parcel": Parcel(*job["parcel"])})) for job in saved["jobs"])
        self._jobs = {job.msg_id: job for job in jobs}
        self._keys, self._spent = saved["keys"], saved["spent"]


@endpoint("POST", SENDALL, day=100, minute=60)
def send_to_tag_or_all(platform: "Platform", ask: Ask) -> dict[str, Any]:
    selection = ask.body.get("filter")
    if not isinstance(selection, dict):
        raise Refused(40035)
    parcel = mass_parcel(platform, ask.body, ask.now)
    to_all = selection.get("is_to_all") is True
    if to_all:
        recipients = list(platform.fans.followers())
    else:
        tag_id = selection.get("tag_id")
        if isinstance(tag_id, str) and tag_id.isascii() and tag_id.isdigit():
            tag_id = int(tag_id)
        if isinstance(tag_id, bool) or not isinstance(tag_id, int):
            raise Refused(40152)
        recipients = list(platform.tags.find(tag_id, 40152).members)
    return _submit(platform, ask, recipients, parcel, to_all=to_all)


@endpoint("POST", "/cgi-bin/message/mass/send", counter=SENDALL, service=True)
def send_to_openids(platform: "Platform", ask: Ask) -> dict[str, Any]:
    """2…10,000 openids; one that is not of this account refuses the whole list (40031)."""
    touser = ask.body.get("touser")
    if not isinstance(touser, list):
        raise Refused(41009)
    if len(touser) < platform.limits["mass_recipients_least"]:
        raise Refused(40130)
    recipients = ask.openids(platform.limits.count("mass_recipients_most"), "touser")
    parcel = mass_parcel(platform, ask.body, ask.now)
    if any(platform.fans.find(openid) is None for openid in recipients):
        raise Refused(40031)
    return _submit(platform, ask, recipients, parcel, to_all=False)


def _submit(platform: "Platform", ask: Ask, recipients: list[str], parcel: Parcel, *, to_all: bool) -> dict[str, Any]:
    jobs, key = platform.mass, ask.body.get("clientmsgid")
    jobs.check_key(platform, key, ask.now)
    if platform.account["kind"] == "subscription":
        jobs.spend("day", day_of(ask.now), platform.limits["mass_subscription_day"])
    elif to_all:
        jobs.spend("month", month_of(ask.now), platform.limits["mass_to_all_month"])
    media_id = str(parcel.content["media_id"]) if parcel.msgtype == "mpnews" else None
    job = jobs.open(call_id=ask.id, recipients=recipients, parcel=parcel, media_id=media_id, twists=ask.twists)
    jobs.remember_key(key, job, ask.now)
    protection = platform.account["mass_protection"] if to_all else "off"
    if protection in ("refuse", "silent"):
        wait = platform.limits["mass_start_seconds" if protection == "refuse" else "mass_approval_seconds"]
        code = {"refuse": "err(40001)", "silent": "err(40002)"}[protection]
        platform.later(wait, "mass_finish", {"msg_id": job.msg_id, "status": code})
    else:
        platform.later(platform.limits["mass_start_seconds"], "mass_ring", {"msg_id": job.msg_id})
    answer = {"errcode": 0, "errmsg": "send job submission success", "msg_id": job.msg_id}
    return answer | ({"msg_data_id": 2_247_000_000 + job.msg_id % 10**8} if media_id else {})


def ring_phones(platform: "Platform", detail: dict[str, Any]) -> None:
    """The job reaches its fans: who may not receive is filtered, the rest is sent or, by a fault rule, fails."""
    job = platform.mass.find(detail["msg_id"])
    if job.status != "SENDING":
        return
    now = platform.clock.now()
    if "mass_fail" in job.twists:
        status = str(job.twists["mass_fail"].get("status", "send fail"))
        _finish_later(platform, job, status)
        return
    willing = [
        fan for fan in map(platform.fans.find, job.recipients) if fan is not None and _may_receive(platform, fan)
    ]
    job.errors = _planned_errors(job.twists.get("mass_errors"), len(willing))
    job.sent = len(willing) - job.errors
    for fan in willing[: job.sent]:
        fan.mass_count = fan.mass_count + 1 if fan.mass_month == month_of(now) else 1
        fan.mass_month = month_of(now)
        platform.show_from_account(fan, job.parcel, via="mass", call_id=job.call_id)
    job.recipients.clear()
    if job.media_id is not None:
        platform.articles.discard_draft(job.media_id)
    _finish_later(platform, job, "send success")


def _may_receive(platform: "Platform", fan: Fan) -> bool:
    if not fan.follows or fan.blocked or fan.refuses:
        return False
    if platform.account["kind"] == "subscription" or fan.mass_month != month_of(platform.clock.now()):
        return True
    return fan.mass_count < platform.limits["mass_per_fan_month"]


def _planned_errors(twist: dict[str, Any] | None, willing: int) -> int:
    if twist is None:
        return 0
    wanted = int(twist["count"]) if "count" in twist else int(willing * float(twist.get("share", 0.5)))
    return max(0, min(wanted, willing))


def _finish_later(platform: "Platform", job: Job, status: str) -> None:
    needed = job.total / PER_MINUTE[platform.mass.speed] * 60
    wait = max(platform.limits["mass_finish_seconds"], needed)
    platform.later(wait, "mass_finish", {"msg_id": job.msg_id, "status": status})


def finish(platform: "Platform", detail: dict[str, Any]) -> None:
    """MASSSENDJOBFINISH: the only place where the counts are told."""
    job, status = platform.mass.find(detail["msg_id"]), detail["status"]
    if job.status == "SENDING":
        job.status = "SEND_SUCCESS" if status == "send success" else "SEND_FAIL"
    links = platform.articles.links_of(job.parcel)
    event: dict[str, Any] = {"Event": "MASSSENDJOBFINISH", "MsgID": job.msg_id, "Status": status}
    event |= {"TotalCount": job.total, "FilterCount": job.sent + job.errors}
    event |= {"SentCount": job.sent, "ErrorCount": job.errors}
    event["CopyrightCheckResult"] = {"Count": 0, "ResultList": {}, "CheckState": 1 if links else 0}
    items = [{"ArticleIdx": index, "ArticleUrl": link} for index, link in enumerate(links, 1)]
    event["ArticleUrlResult"] = {"Count": len(items), "ResultList": {"item": items}}
    platform.push_event(HELPER, event)


@endpoint("POST", "/cgi-bin/message/mass/preview", day=100)
def preview(platform: "Platform", ask: Ask) -> dict[str, Any]:
    """Shows one fan the message at once; costs no allowance and no monthly number. `towxname` takes a name."""
    name = ask.body.get("towxname")
    if name:
        fan = next((fan for fan in platform.fans if fan.name == name), None)
        if fan is None:
            raise Refused(40132, "invalid weixin id")
    else:
        fan = platform.fans.known(ask.text("touser", 41009))
    parcel = mass_parcel(platform, ask.body, ask.now)
    check_reachable(fan)
    platform.show_from_account(fan, parcel, via="mass", call_id=ask.id)
    return {"errcode": 0, "errmsg": "preview success", "msg_id": ask.id}


@endpoint("POST", "/cgi-bin/message/mass/get")
def show_job(platform: "Platform", ask: Ask) -> dict[str, Any]:
    job = platform.mass.find(ask.number("msg_id", 40059))
    return {"msg_id": job.msg_id, "msg_status": job.status}


@endpoint("POST", "/cgi-bin/message/mass/delete", day=10)
def delete_job(platform: "Platform", ask: Ask) -> dict[str, Any]:
    """Only sent articles and videos (40204 otherwise); the card stays on the phones."""
    job = platform.mass.find(ask.number("msg_id", 40059))
    index = ask.body.get("article_idx", 0)
    if job.parcel.msgtype not in ("mpnews", "video", "mpvideo"):
        raise Refused(40204, "invalid status of this message")
    if not isinstance(index, int) or not 0 <= index <= 8:
        raise Refused(40060)
    job.status = "DELETE"
    return {"errcode": 0, "errmsg": "ok"}


@endpoint("POST", "/cgi-bin/message/mass/speed/get", body="optional")
def show_speed(platform: "Platform", _ask: Ask) -> dict[str, Any]:
    return {"speed": platform.mass.speed, "realspeed": PER_MINUTE[platform.mass.speed] // 10_000}


@endpoint("POST", "/cgi-bin/message/mass/speed/set")
def set_speed(platform: "Platform", ask: Ask) -> dict[str, Any]:
    if "speed" not in ask.body:
        raise Refused(45084)
    speed = ask.number("speed", 45083)
    if not 0 <= speed < len(PER_MINUTE):
        raise Refused(45083)
    platform.mass.speed = speed
    return {"errcode": 0, "errmsg": "ok"}
