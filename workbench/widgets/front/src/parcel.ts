/** Parcels: a JSON header with named binary arrays, as both sources deliver them. */

export type Numbers = Uint8Array | Uint16Array | Int32Array | Float32Array;

export interface ArraySpec {
  readonly name: string;
  readonly dtype: string;
  readonly shape: readonly number[];
}

export interface Parcel<Header> {
  readonly header: Header;
  readonly arrays: Readonly<Record<string, Numbers | undefined>>;
}

/** Bytes of a number, by its type. */
export const WIDTHS: Readonly<Record<string, number>> = {
  uint8: 1,
  uint16: 2,
  int32: 4,
  float32: 4,
  float16: 2,
};

let halves: Float32Array | undefined;

/** The value of every float16, by its 16 bits. */
function halfTable(): Float32Array {
  if (halves) return halves;
  halves = new Float32Array(65536);
  for (let bits = 0; bits < 65536; bits++) {
    const sign = bits & 0x8000 ? -1 : 1;
    const exponent = (bits >> 10) & 31;
    const fraction = bits & 1023;
    if (exponent === 31) halves[bits] = fraction ? NaN : sign * Infinity;
    else if (exponent === 0) halves[bits] = sign * fraction * 2 ** -24;
    else halves[bits] = sign * (1024 + fraction) * 2 ** (exponent - 25);
  }
  return halves;
}

/** Float16 bits as numbers. */
export function fromFloat16(bits: Uint16Array): Float32Array {
  const table = halfTable();
  const values = new Float32Array(bits.length);
  for (let i = 0; i < bits.length; i++) values[i] = table[bits[i]];
  return values;
}

/** One array out of little-endian bytes; throws where the bytes do not fit the shape. */
export function decodeArray(spec: ArraySpec, bytes: ArrayBufferView): Numbers {
  const width = WIDTHS[spec.dtype];
  if (!width) throw new Error(`${spec.name} has the unknown type ${spec.dtype}.`);
  const count = spec.shape.reduce((product, length) => product * length, 1);
  if (bytes.byteLength !== count * width) {
    throw new Error(
      `${spec.name} should have ${count * width} bytes and has ${bytes.byteLength}.`,
    );
  }
  let { buffer, byteOffset } = bytes;
  if (byteOffset % width) {
    buffer = buffer.slice(byteOffset, byteOffset + bytes.byteLength);
    byteOffset = 0;
  }
  switch (spec.dtype) {
    case "uint8":
      return new Uint8Array(buffer, byteOffset, count);
    case "uint16":
      return new Uint16Array(buffer, byteOffset, count);
    case "int32":
      return new Int32Array(buffer, byteOffset, count);
    case "float32":
      return new Float32Array(buffer, byteOffset, count);
    default:
      return fromFloat16(new Uint16Array(buffer, byteOffset, count));
  }
}

/** A whole parcel; `bytes` has one view per array, in the same order. */
export function decodeParcel<Header>(
  header: Header,
  specs: readonly ArraySpec[],
  bytes: readonly ArrayBufferView[],
): Parcel<Header> {
  if (specs.length !== bytes.length) {
    throw new Error(`${specs.length} arrays were announced, and ${bytes.length} came.`);
  }
  const arrays: Record<string, Numbers> = {};
  specs.forEach((spec, place) => {
    arrays[spec.name] = decodeArray(spec, bytes[place]);
  });
  return { header, arrays };
}

/** Base64 text as bytes. Blanks and line ends are allowed. */
export function fromBase64(text: string): Uint8Array {
  const binary = atob(text.trim());
  const bytes = new Uint8Array(binary.length);
  for (let i = 0; i < binary.length; i++) bytes[i] = binary.charCodeAt(i);
  return bytes;
}
