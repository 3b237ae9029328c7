/** Work that goes on by itself while the replica runs. */
export interface Job {
  start(): void;
  /** Resolves when what was under way is done. */
  stop(): Promise<void>;
}
