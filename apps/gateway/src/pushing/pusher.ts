/**
 * Brings router's deliveries to the sockets of their rooms.
 *
 * Guarantees: deliveries reach each socket in the order in which they came from router; a socket in several of a
 * delivery's rooms gets it once. A push may be lost (a closed or cut socket, too many waiting): heads show it.
 *
 * How: a packet is made at most once per codec, as a whole WebSocket frame, and written as it is. What one socket gets in
 * a turn of the event loop is one write. A turn ends after some hundreds of frames, so that a delivery to thousands of
 * sockets does not hold up everybody else's acknowledgements.
 */
import type { Delivery } from '#libs/contracts';
import type { Connection } from '../connection/connection.ts';
import type { GatewayMetrics } from '../connection/gateway-metrics.ts';
import type { Rooms } from '../connection/rooms.ts';
import { DeliveryFrames } from './delivery-frames.ts';

export interface PusherOptions {
  readonly rooms: Rooms<Connection>;
  readonly metrics: GatewayMetrics;
  /** Deliveries were dropped; called when those that waited are through. */
  readonly onLoss: () => void;
  readonly nextTurn?: (work: () => void) => void;
}

interface Job {
  readonly frames: DeliveryFrames;
  readonly targets: readonly Connection[];
  done: number;
}

const FRAMES_A_TURN = 500;
const MOST_WAITING = 50_000;

export class Pusher {
  readonly #options: PusherOptions;
  readonly #nextTurn: (work: () => void) => void;
  #queue: Delivery[] = [];
  #place = 0;
  #job: Job | undefined;
  #isRunning = false;
  #hasLost = false;
  #meeting = 0;

  constructor(options: PusherOptions) {
    this.#options = options;
    this.#nextTurn = options.nextTurn ?? setImmediate;
  }

  push(batch: readonly Delivery[]): void {
    this.#options.metrics.delivered(batch.length);
    if (this.#queue.length - this.#place + batch.length > MOST_WAITING) {
      this.#hasLost = true;
      return this.#options.metrics.dropped(batch.length);
    }
    for (const delivery of batch) this.#queue.push(delivery);
    if (!this.#isRunning) this.#turn();
  }

  #turn(): void {
    const touched: Connection[] = [];
    let frames = 0;
    for (let job = this.#nextJob(); job && frames < FRAMES_A_TURN; job = this.#nextJob()) {
      const end = Math.min(job.targets.length, job.done + FRAMES_A_TURN - frames);
      // A delivery for nobody here costs something too.
      frames += Math.max(1, end - job.done);
      for (; job.done < end; job.done += 1) collect(job, touched);
    }
    this.#write(touched);
    this.#isRunning = this.#nextJob() !== undefined;
    if (this.#isRunning) return this.#nextTurn(() => this.#turn());
    if (!this.#hasLost) return;
    this.#hasLost = false;
    this.#options.onLoss();
  }

  /** The job that is not done yet, else the next one in the queue. */
  #nextJob(): Job | undefined {
    if (this.#job && this.#job.done < this.#job.targets.length) return this.#job;
    const delivery = this.#queue[this.#place];
    this.#place += 1;
    if (delivery) {
      this.#job = { frames: new DeliveryFrames(delivery), targets: this.#targetsOf(delivery), done: 0 };
      return this.#job;
    }
    this.#queue = [];
    this.#place = 0;
    this.#job = undefined;
    return undefined;
  }

  #targetsOf({ rooms }: Delivery): Connection[] {
    this.#meeting += 1;
    const targets: Connection[] = [];
    for (const room of rooms) {
      for (const member of this.#options.rooms.membersOf(room)) {
        if (member.metBy === this.#meeting) continue;
        member.metBy = this.#meeting;
        targets.push(member);
      }
    }
    return targets;
  }

  #write(touched: readonly Connection[]): void {
    const { metrics } = this.#options;
    for (const connection of touched) {
      const frames = connection.outgoing ?? [];
      connection.outgoing = undefined;
      if (!connection.isOpen) continue;
      const [first] = frames;
      if (first) connection.write(frames.length === 1 ? first : Buffer.concat(frames));
      metrics.pushed(frames.length);
    }
  }
}

function collect({ frames, targets, done }: Job, touched: Connection[]): void {
  const target = targets[done];
  if (!target) return;
  const frame = frames.for(target);
  if (target.outgoing) return void target.outgoing.push(frame);
  target.outgoing = [frame];
  touched.push(target);
}
