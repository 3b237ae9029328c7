import type { IncomingMessage } from 'node:http';
import { Readable } from 'node:stream';
import { Refusal } from '#libs/contracts';

/** Files come this way too; they are streamed. */
const MAX_BODY_BYTES = 25 * 1024 * 1024;
/** Bodies of so many bytes are held whole, so that they can be sent to another replica. */
const HELD_BYTES = 64 * 1024;

/** A body as it goes on: none, held whole, or streamed once. */
export type Body = Buffer | Readable | null;

/** @throws Refusal PAYLOAD_TOO_LARGE */
export async function readBody(request: IncomingMessage): Promise<Body> {
  const { 'content-length': length, 'transfer-encoding': encoding } = request.headers;
  if (encoding === undefined && (length === undefined || length === '0')) return null;
  const announced = Number(length ?? Number.NaN);
  if (announced > MAX_BODY_BYTES) throw new Refusal('PAYLOAD_TOO_LARGE');
  if (!(announced <= HELD_BYTES)) return Readable.from(limited(request));
  const parts: Buffer[] = [];
  for await (const part of limited(request)) parts.push(part);
  return Buffer.concat(parts);
}

/** A body of unknown length counts itself. */
async function* limited(request: IncomingMessage): AsyncGenerator<Buffer> {
  let bytes = 0;
  // Whoever stops reading early must not end the connection, over which the answer goes.
  const parts: AsyncIterable<Buffer> = request.iterator({ destroyOnReturn: false });
  for await (const part of parts) {
    bytes += part.length;
    if (bytes > MAX_BODY_BYTES) throw new Refusal('PAYLOAD_TOO_LARGE');
    yield part;
  }
}
