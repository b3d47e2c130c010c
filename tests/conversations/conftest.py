"""Who speaks in stories of a company: its owner by the settings, and one of the staff."""

import pytest
from company import Company


@pytest.fixture
def company(open_shop):
    return Company(open_shop(corp=True))


@pytest.fixture
def laoban(company):
    """The owner, by the settings."""
    member = company.member("laoban")
    member.says("我叫王姐")
    return member


@pytest.fixture
def xiaoli(company):
    member = company.member("xiaoli")
    member.says("我叫小丽")
    return member
