/** A method of Node's Buffer that does for any bytes what a browser needs a longer way for. */
interface NodeBuffer {
  prototype: { latin1Slice?: (this: Uint8Array, start: number, end: number) => string };
}

const latin1Slice = (globalThis as { Buffer?: NodeBuffer }).Buffer?.prototype.latin1Slice;

/** Bytes 0–127 as text, at most some hundreds of them. */
export const asciiText: (bytes: Uint8Array, start: number, end: number) => string = latin1Slice
  ? (bytes, start, end) => latin1Slice.call(bytes, start, end)
  : (bytes, start, end) => String.fromCharCode(...bytes.subarray(start, end));
