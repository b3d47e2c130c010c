"""Every number of the platform that a person may want to change, by name: the defaults, and what was set."""

# Sources: vendor manual, API_Call_Limits, Batch_Sends, Customer_Service_Messages; MudWechat's reading of 2026-10.
STANDARD: dict[str, float] = {
    # what one fan's doing allows: so many customer messages for so many seconds
    "window_message_count": 5,
    "window_message_seconds": 48 * 3600,
    "window_menu_count": 3,
    "window_menu_seconds": 60,
    "window_follow_count": 3,
    "window_follow_seconds": 60,
    "window_scan_count": 3,
    "window_scan_seconds": 60,
    "window_payment_seconds": 48 * 3600,
    # 1: a tap in a msgmenu also counts as a message of the fan; the manual counts it as a menu tap only
    "msgmenu_tap_opens_message_window": 0,
    "typing_exchange_seconds": 30,
    "custom_text_bytes": 2048,
    "custom_news_articles": 1,
    "tags_per_account": 100,
    "tags_per_fan": 20,
    "tag_batch": 50,
    "tag_name_characters": 30,
    "tag_delete_fans": 100_000,
    "tag_change_seconds": 0,  # while it lasts, another change of the same openid gets 45169
    "user_page": 10_000,
    "user_batch": 100,
    "remark_bytes": 30,
    "blacklist_page": 1000,
    "blacklist_batch": 20,
    "mass_recipients_least": 2,
    "mass_recipients_most": 10_000,
    "mass_per_fan_month": 4,
    "mass_to_all_month": 4,
    "mass_subscription_day": 1,
    "mass_text_bytes": 2048,
    "mass_start_seconds": 1,  # from the call until phones ring
    "mass_finish_seconds": 2,  # from there until MASSSENDJOBFINISH, longer when `speed` needs longer
    "mass_approval_seconds": 30 * 60,
    "clientmsgid_bytes": 32,
    "clientmsgid_seconds": 24 * 3600,
    "clientmsgid_again_seconds": 60,
    "template_finish_seconds": 1,
    "templates": 25,
    "publish_finish_seconds": 2,
    "token_seconds": 7200,
    "token_overlap_seconds": 300,
    "stable_force_day": 20,
    "stable_force_gap_seconds": 30,
    "callback_seconds": 5,  # real seconds, like the next three
    "callback_retries": 3,
    "callback_retry_seconds": 5,
    "say_seconds": 5,
    "reply_text_bytes": 2048,
    "menu_top": 3,
    "menu_sub": 5,
    "menu_top_name_bytes": 16,
    "menu_sub_name_bytes": 60,
    "menu_domains": 3,
    "qr_temporary_seconds": 2_592_000,
    "qr_permanent": 100_000,
    "media_seconds": 3 * 24 * 3600,
    "media_image_bytes": 10 * 1024 * 1024,
    "media_voice_bytes": 2 * 1024 * 1024,
    "media_video_bytes": 10 * 1024 * 1024,
    "media_thumb_bytes": 64 * 1024,
    "uploadimg_bytes": 1024 * 1024,
    "clear_quota_month": 10,
    "quota_clear_month": 50,
    "rid_days": 7,
    "follow_gap_seconds": 0.5,  # between two followers of follow_all
    # the company's side; sources: WeCom manual, pages 90454, 90236, 92135, 92137
    "corp_minute": 10_000,  # calls of one interface, then it is closed for 60 s
    "corp_hour": 150_000,  # then for 60 min
    "corp_accounts": 200,  # members the company pays for: so many times 200 messages of the app a day
    "corp_member_minute": 30,  # what one member gets of the app, the rest is dropped
    "corp_member_hour": 1000,
    "corp_response_code_seconds": 72 * 3600,
    "corp_welcome_seconds": 20,
    "corp_task_dispatch_seconds": 1,  # so long a new task cannot be asked about (41063)
    "corp_reminds": 3,  # in 24 hours
    "corp_robot_minute": 20,
    "corp_chat_qr_people": 200,  # from then on a code leads into a new group
    "reaction_least_seconds": 4,
    "reaction_most_seconds": 300,
}


class Limits:
    """Numbers by name; `day:<path>` and `minute:<path>` are the call counters of one interface."""

    def __init__(self, paths: dict[str, float]) -> None:
        self._standard = STANDARD | paths
        self._now = dict(self._standard)

    def __getitem__(self, name: str) -> float:
        return self._now[name]

    def get(self, name: str) -> float | None:
        return self._now.get(name)

    def count(self, name: str) -> int:
        return int(self._now[name])

    def change(self, changes: dict[str, float]) -> None:
        """Merge; `ValueError` names what is unknown or no number, and then nothing is changed."""
        for name, value in changes.items():
            if name not in self._standard:
                raise ValueError(f"unknown limit {name}; GET /_sandbox/limits lists all of them")
            if isinstance(value, bool) or not isinstance(value, int | float) or value < 0:
                raise ValueError(f"{name}: a number of 0 or more is needed")
        self._now.update(changes)

    def all(self) -> dict[str, float]:
        return dict(self._now)

    def dump(self) -> dict[str, float]:
        return {name: value for name, value in self._now.items() if value != self._standard[name]}

    def load(self, changed: dict[str, float]) -> None:
        self._now = self._standard | {name: value for name, value in changed.items() if name in self._standard}
