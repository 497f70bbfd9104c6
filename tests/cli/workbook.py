"""Workbooks by hand: every part is text that a test can replace, so that what other writers do, and
what none should, can be tried without them."""
import datetime
import re
import zipfile
from xml.sax.saxutils import escape, quoteattr

MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
STRICT = "http://purl.oclc.org/ooxml/spreadsheetml/main"
RELATIONS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
PACKAGE = "http://schemas.openxmlformats.org/package/2006/relationships"
XML = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
DATE_STYLE = 1


def letters(column):
    text = ""
    column += 1
    while column:
        column, rest = divmod(column - 1, 26)
        text = chr(65 + rest) + text
    return text


def serial(when, date1904=False):
    days = (when - datetime.datetime(1899, 12, 30)) / datetime.timedelta(days=1)
    return days - 1462 if date1904 else days


class Strings:
    def __init__(self):
        self.index = {}

    def __call__(self, text):
        return self.index.setdefault(text, len(self.index))

    def part(self):
        items = "".join(f'<si><t xml:space="preserve">{escape(text)}</t></si>' for text in self.index)
        return f'{XML}<sst xmlns="{MAIN}" uniqueCount="{len(self.index)}">{items}</sst>'


def cell(reference, value, strings, inline=False, date1904=False):
    """A value of Python as a cell; a string that begins with '<' is the cell's own XML."""
    if value is None or value == "":
        return ""
    if isinstance(value, bool):
        return f'<c r="{reference}" t="b"><v>{int(value)}</v></c>'
    if isinstance(value, datetime.datetime):
        return f'<c r="{reference}" s="{DATE_STYLE}"><v>{serial(value, date1904)!r}</v></c>'
    if isinstance(value, (int, float)):
        return f'<c r="{reference}"><v>{value!r}</v></c>'
    if value.startswith("<c"):
        return value.replace("@", reference)
    if inline:
        return f'<c r="{reference}" t="inlineStr"><is><t>{escape(value)}</t></is></c>'
    return f'<c r="{reference}" t="s"><v>{strings(value)}</v></c>'


def sheet_part(rows, strings, first_row=1, first_column=0, **how):
    body = []
    for number, row in enumerate(rows, first_row):
        cells = "".join(cell(f"{letters(first_column + i)}{number}", value, strings, **how) for i, value in enumerate(row))
        body.append(f'<row r="{number}">{cells}</row>')
    return f'{XML}<worksheet xmlns="{MAIN}"><sheetData>{"".join(body)}</sheetData></worksheet>'


def parts_of(sheets, date1904=False, hidden=(), formats=("General", "yyyy-mm-dd hh:mm"), **how):
    """{part: text} of a workbook of {name: rows}."""
    strings = Strings()
    parts = {}
    entries = []
    relations = []
    for i, (name, rows) in enumerate(sheets.items(), 1):
        parts[f"xl/worksheets/sheet{i}.xml"] = sheet_part(rows, strings, date1904=date1904, **how)
        state = ' state="hidden"' if name in hidden else ""
        entries.append(f'<sheet name={quoteattr(name)} sheetId="{i}"{state} r:id="rId{i}"/>')
        relations.append(f'<Relationship Id="rId{i}" Type="{RELATIONS}/worksheet" Target="worksheets/sheet{i}.xml"/>')
    for name, kind in (("styles.xml", "styles"), ("sharedStrings.xml", "sharedStrings")):
        relations.append(f'<Relationship Id="r{kind}" Type="{RELATIONS}/{kind}" Target="{name}"/>')
    custom = "".join(f'<numFmt numFmtId="{200 + i}" formatCode={quoteattr(code)}/>' for i, code in enumerate(formats))
    xfs = "".join(f'<xf numFmtId="{200 + i}"/>' for i in range(len(formats)))
    properties = '<workbookPr date1904="1"/>' if date1904 else "<workbookPr/>"
    parts["xl/workbook.xml"] = (f'{XML}<workbook xmlns="{MAIN}" xmlns:r="{RELATIONS}">{properties}'
                                f'<sheets>{"".join(entries)}</sheets></workbook>')
    parts["xl/_rels/workbook.xml.rels"] = f'{XML}<Relationships xmlns="{PACKAGE}">{"".join(relations)}</Relationships>'
    parts["xl/styles.xml"] = (f'{XML}<styleSheet xmlns="{MAIN}"><numFmts>{custom}</numFmts>'
                              f'<cellStyleXfs><xf numFmtId="14"/></cellStyleXfs><cellXfs>{xfs}</cellXfs></styleSheet>')
    parts["xl/sharedStrings.xml"] = strings.part()
    parts["_rels/.rels"] = (f'{XML}<Relationships xmlns="{PACKAGE}"><Relationship Id="r1" '
                            f'Type="{RELATIONS}/officeDocument" Target="xl/workbook.xml"/></Relationships>')
    return parts


def write_parts(path, parts, compression=zipfile.ZIP_DEFLATED):
    with zipfile.ZipFile(path, "w", compression) as archive:
        for name, text in parts.items():
            archive.writestr(name, text)
    return path


def write_workbook(path, sheets, **how):
    return write_parts(path, parts_of(sheets, **how))


def with_prefix(part, prefix="x"):
    """The same document with every element of the main namespace under a prefix."""
    head, body = part.split("?>\n", 1)
    body = re.sub(r"<(/?)(\w)", rf"<\1{prefix}:\2", body)
    return head + "?>\n" + body.replace(f'xmlns="{MAIN}"', f'xmlns:{prefix}="{MAIN}"')
