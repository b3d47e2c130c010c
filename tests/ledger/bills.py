"""Bill files as WeChat Pay makes them, built to what is known of the two forms; and a spreadsheet writer for tests."""

from __future__ import annotations

import zipfile
from pathlib import Path
from xml.sax.saxutils import escape

# The merchant's trade bill: the 27 headings of the form ALL (a test copy of 2019 in the WxJava library), the 20 of SUCCESS
# and the 29 of REFUND, which a merchant may choose instead.
_ALL = (
    "交易时间,公众账号ID,商户号,特约商户号,设备号,微信订单号,商户订单号,用户标识,交易类型,交易状态,付款银行,货币种类,"
    "应结订单金额,代金券金额,微信退款单号,商户退款单号,退款金额,充值券退款金额,退款类型,退款状态,商品名称,商户数据包,"
    "手续费,费率,订单金额,申请退款金额,费率备注"
)
_SUCCESS = (
    "交易时间,公众账号ID,商户号,特约商户号,设备号,微信订单号,商户订单号,用户标识,交易类型,交易状态,付款银行,货币种类,"
    "应结订单金额,代金券金额,商品名称,商户数据包,手续费,费率,订单金额,费率备注"
)
_LEGACY = (
    "交易时间,公众账号ID,商户号,子商户号,设备号,微信订单号,商户订单号,用户标识,交易类型,交易状态,付款银行,货币种类,"
    "总金额,代金券或立减优惠金额,微信退款单号,商户退款单号,退款金额,代金券或立减优惠退款金额,退款类型,退款状态,商品名称,"
    "商户数据包,手续费,费率"
)
ALL, SUCCESS, LEGACY = _ALL.split(","), _SUCCESS.split(","), _LEGACY.split(",")
REFUND = _ALL.replace("代金券金额,", "代金券金额,退款申请时间,退款成功时间,", 1).split(",")
SUMS = "总交易单数,应结订单总金额,退款总金额,充值券退款总金额,手续费总金额,订单总金额,申请退款总金额"
LEGACY_SUMS = "总交易单数,总交易额,总退款金额,总代金券或立减优惠退款金额,手续费总金额"


def trade(number: str, yuan: str, at: str = "2026-09-21 09:35:41", openid: str = "oDemo1", **more: str) -> dict:
    return {
        "交易时间": at,
        "公众账号ID": "wxdemo0000000001",
        "商户号": "1900000001",
        "特约商户号": "0",
        "微信订单号": number,
        "商户订单号": f"T{number}",
        "用户标识": openid,
        "交易类型": "JSAPI",
        "交易状态": "SUCCESS",
        "付款银行": "OTHERS",
        "货币种类": "CNY",
        "代金券金额": "0.00",
        "应结订单金额": yuan,
        "总金额": yuan,
        "订单金额": yuan,
        "退款金额": "0.00",
        "微信退款单号": "0",
        "商户退款单号": "0",
        "充值券退款金额": "0.00",
        "申请退款金额": "0.00",
        "商品名称": "连衣裙",
        "手续费": "0.04000",
        "费率": "0.60%",
        **more,
    }


def refund(number: str, refund_number: str, yuan: str, at: str = "2026-09-21 11:00:00", openid: str = "oDemo1") -> dict:
    nothing = dict.fromkeys(("应结订单金额", "总金额", "订单金额"), "0.00")
    back = {"交易状态": "REFUND", "微信退款单号": refund_number, "退款金额": yuan, "退款类型": "ORIGINAL"} | {
        "商户退款单号": f"R{refund_number}",
        "申请退款金额": yuan,
        "退款申请时间": at,
        "退款成功时间": at,
    }
    return trade(number, "0.00", at, openid) | nothing | back | {"退款状态": "SUCCESS", "手续费": "-0.04000"}


def trade_bill(
    *rows: dict, headings: list[str] = ALL, sums: str = SUMS, tail: bool = True, ends: str = "\r\n", **wrong: str
) -> str:
    """The file's text. ``wrong`` overrides a sum."""
    amount = "应结订单金额" if "应结订单金额" in headings else "总金额"
    lines = [",".join(headings)]
    lines += [",".join(f"`{row.get(name, '')}" for name in headings) for row in rows]
    received, returned = _sum(rows, amount), _sum(rows, "退款金额")
    by_name = {
        "总交易单数": str(len(rows)),
        "应结订单总金额": received,
        "总交易额": received,
        "退款总金额": returned,
        "总退款金额": returned,
        "申请退款总金额": _sum(rows, "申请退款金额"),
        "订单总金额": _sum(rows, "订单金额"),
    } | wrong
    if tail:
        lines += [sums, ",".join(f"`{by_name.get(name, '0.00')}" for name in sums.split(","))]
    return ends.join(lines) + ends


def _sum(rows: tuple[dict, ...], name: str) -> str:
    amounts = [row[name] for row in rows if row[name].replace(".", "").isdigit()]
    return f"{sum(round(float(yuan) * 100) for yuan in amounts) / 100:.2f}"


# The personal export: 11 headings under a preamble (public importers of 2020–2026).
_PERSONAL = "交易时间,交易类型,交易对方,商品,收/支,金额(元),支付方式,当前状态,交易单号,商户单号,备注"
PERSONAL = _PERSONAL.split(",")


def receipt(number: str, yuan: str, payer: str = "阿珍", at: str = "2026-09-21 09:00:00", **more: str) -> dict:
    return {
        "交易时间": at,
        "交易类型": "二维码收款",
        "交易对方": payer,
        "商品": '"收款方备注:二维码收款"',
        "收/支": "收入",
        "金额(元)": f"¥{yuan}",
        "支付方式": "零钱",
        "当前状态": "已收钱",
        "交易单号": f"{number}\t",
        "商户单号": f"M{number}\t",
        "备注": "/",
        **more,
    }


def preamble(count: int, notes: int = 3) -> list[str]:
    return [
        "微信支付账单明细",
        "微信昵称：[小雨]",
        "起始时间：[2026-09-01 00:00:00] 终止时间：[2026-09-30 23:59:59]",
        "导出类型：[全部]",
        "导出时间：[2026-10-01 08:00:00]",
        "",
        f"共{count}笔记录",
        "收入：1笔 1.00元",
        "支出：0笔 0.00元",
        "中性交易：0笔 0.00元",
        "注：",
        *(f"{number}. 说明" for number in range(1, notes + 1)),
        "",
        "----------------------微信支付账单明细列表--------------------",
    ]


def personal_bill(*rows: dict) -> str:
    lines = [line + "," * 8 for line in preamble(len(rows))]
    lines.append(",".join(PERSONAL))
    lines += [",".join(_quoted(row.get(name, "")) for name in PERSONAL) for row in rows]
    return "\n".join(lines) + "\n"


def _quoted(cell: str) -> str:
    return '"' + cell.replace('"', '""') + '"' if any(mark in cell for mark in ',"\n') else cell


def personal_sheet(file: Path, *rows: dict, without_row_16: bool = False) -> Path:
    """The XLSX form: one more note, so the header stands in row 18; times as serials, amounts as numbers."""
    lines: list[list[object] | None] = [[line] if line else None for line in preamble(len(rows), notes=4)]
    if without_row_16:
        lines[15] = None
    lines.append(list(PERSONAL))
    lines += [[row.get(name, "") for name in PERSONAL] for row in rows]
    lines.append([f"共 {len(rows)} 笔记录"])
    return sheet(file, lines)


def sheet(file: Path, rows: list[list[object] | None]) -> Path:
    """The smallest XLSX: numbers as numbers, all else as text; a row of None is not in the file at all."""
    made = []
    for number, row in enumerate(rows, start=1):
        if row is None:
            continue
        cells = [
            f'<c r="{_column(at)}{number}"><v>{cell!r}</v></c>'
            if isinstance(cell, int | float)
            else f'<c r="{_column(at)}{number}" t="inlineStr"><is><t xml:space="preserve">{escape(str(cell))}</t></is></c>'
            for at, cell in enumerate(row)
        ]
        made.append(f'<row r="{number}">{"".join(cells)}</row>')
    main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    office = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    package = "http://schemas.openxmlformats.org/package/2006"
    parts = {
        "[Content_Types].xml": f'<Types xmlns="{package}/content-types"><Default Extension="rels" '
        'ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Default Extension="xml" '
        'ContentType="application/xml"/><Override PartName="/xl/workbook.xml" ContentType="application/'
        'vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"/></Types>',
        "_rels/.rels": f'<Relationships xmlns="{package}/relationships"><Relationship Id="r1" '
        f'Type="{office}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
        "xl/workbook.xml": f'<workbook xmlns="{main}" xmlns:r="{office}"><sheets><sheet name="Sheet1" sheetId="1" '
        'r:id="r1"/></sheets></workbook>',
        "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{package}/relationships"><Relationship Id="r1" '
        f'Type="{office}/worksheet" Target="worksheets/sheet1.xml"/></Relationships>',
        "xl/worksheets/sheet1.xml": f'<worksheet xmlns="{main}"><sheetData>{"".join(made)}</sheetData></worksheet>',
    }
    with zipfile.ZipFile(file, "w") as packed:
        for name, content in parts.items():
            packed.writestr(name, f'<?xml version="1.0" encoding="UTF-8"?>{content}')
    return file


def _column(at: int) -> str:
    return chr(ord("A") + at)
