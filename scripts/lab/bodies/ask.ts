/** Asks the gateway under test as a caller of this name, through a port or without one. */
import type { Answer } from '../hostile/door.ts';

export type Asked = {
  readonly method: string;
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Buffer;
};
export type Ask = (caller: string, asked: Asked) => Promise<Answer>;
