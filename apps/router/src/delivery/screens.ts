import type { Delivery } from '#libs/contracts';

/** The screens of everybody who is connected, behind all gateways. What is pushed is a hint: it may come twice or never. */
export abstract class Screens {
  /**
   * Hands a batch to all gateways in one go. Batches of one caller arrive in the order of the calls, as long as each is
   * awaited. While the way is closed the batch waits and is repeated; gateways are asked for heads after it.
   * @throws when `signal` is aborted before the batch got through.
   */
  abstract push(batch: readonly Delivery[], signal: AbortSignal): Promise<void>;

  /** Tries once, for what is worth nothing later; false: dropped. */
  abstract pushOrDrop(batch: readonly Delivery[]): Promise<boolean>;

  /** Has every gateway send its sockets their heads. A request that can't be made now is made when the way is open again. */
  abstract requestHeads(reason: HeadsReason): Promise<void>;
}

export type HeadsReason = 'push_failed' | 'log_epoch';
