"""Becoming staff and ceasing to be: one code, one person, effective at once."""


def test_the_right_code_makes_an_owner(shop):
    boss = shop.follower("王姐")
    reply = boss.says(f"绑定 {shop.invitation('owner')} 王姐")
    print(reply)
    assert "王姐" in reply
    print(boss.says("帮助"))
    print(boss.phone.texts)
    shop.goes_on()
