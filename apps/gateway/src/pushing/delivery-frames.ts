import type { Delivery } from '#libs/contracts';
import { encodeMessage, type WireMessage } from '#libs/protocol';
import { binaryFrame, eventFrame } from './ws-frame.ts';

/** The frames of one delivery, each made when the first socket of its codec asks for it. */
export class DeliveryFrames {
  readonly #delivery: Pick<Delivery, 'event' | 'json'>;
  #text: Buffer | undefined;
  #binary: Buffer | undefined;

  constructor(delivery: Pick<Delivery, 'event' | 'json'>) {
    this.#delivery = delivery;
  }

  /** Only messages have a binary form; everything else goes to all as text. */
  for({ isBinary }: { readonly isBinary: boolean }): Buffer {
    if (!isBinary || this.#delivery.event !== 'message:created') return this.#textFrame();
    this.#binary ??= this.#encode();
    return this.#binary;
  }

  #textFrame(): Buffer {
    this.#text ??= eventFrame(this.#delivery.event, this.#delivery.json);
    return this.#text;
  }

  #encode(): Buffer {
    try {
      return binaryFrame(encodeMessage(JSON.parse(this.#delivery.json) as WireMessage));
    } catch {
      return this.#textFrame(); // a binary client reads text as well; what the frame can't say must not be lost
    }
  }
}
