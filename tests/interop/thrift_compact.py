"""A reader of the Thrift compact protocol, just enough for Parquet's metadata: a struct becomes a dict from
field number to value. Written from the specification, independent of parquet_thrift.c."""

TRUE, FALSE, BYTE, I16, I32, I64, DOUBLE, BINARY, LIST, SET, MAP, STRUCT = range(1, 13)


class Reader:
    def __init__(self, data, position=0):
        self.data, self.position = data, position

    def byte(self):
        self.position += 1
        return self.data[self.position - 1]

    def varint(self):
        value = shift = 0
        while True:
            byte = self.byte()
            value |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                return value

    def zigzag(self):
        value = self.varint()
        return (value >> 1) ^ -(value & 1)

    def value(self, kind, in_list=False):
        if kind in (TRUE, FALSE):
            return self.byte() == TRUE if in_list else kind == TRUE
        if kind == BYTE:
            return int.from_bytes([self.byte()], "little", signed=True)
        if kind in (I16, I32, I64):
            return self.zigzag()
        if kind == BINARY:
            length = self.varint()
            self.position += length
            return bytes(self.data[self.position - length:self.position])
        if kind == LIST:
            header = self.byte()
            count = header >> 4 if header >> 4 < 15 else self.varint()
            return [self.value(header & 15, in_list=True) for _ in range(count)]
        if kind == STRUCT:
            return self.struct()
        raise ValueError(f"type {kind} at {self.position}")

    def struct(self):
        fields, field = {}, 0
        while True:
            header = self.byte()
            if header == 0:
                return fields
            field = field + (header >> 4) if header >> 4 else self.zigzag()
            fields[field] = self.value(header & 15)
