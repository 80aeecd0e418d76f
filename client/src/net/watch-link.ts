/**
 * Whether the gateway and its PACS answer, asked while somebody looks and also when nothing travels: the
 * status line must be true for an empty queue too. Something else that answers in the gateway's place (a
 * hotel's sign-in page) is no gateway.
 */
import type { Link } from './link.ts';
import { readHealth } from './read-answers.ts';

export interface LinkWatchTools {
  readonly baseUrl: string;
  readonly fetch: typeof fetch;
  /** Whether the browser has a network at all; else nobody is asked. */
  readonly isOnline: () => boolean;
  readonly isHidden: () => boolean;
  /** Shown, hidden, or online again. */
  readonly onChange: (listener: () => void) => void;
  /** Calls `work` after `ms`. */
  readonly later: (work: () => void, ms: number) => void;
  /** What the screen says now. */
  readonly known: () => Link;
  /** Called after every answer. */
  readonly tell: (link: Link) => void;
}

/**
 * What is well is asked rarely, what is not is asked so often that a person who waits before it sees the end
 * soon.
 */
const ASK_EVERY_MS = { well: 30_000, unwell: 5_000 } as const;
/** The gateway asks its PACS in that time; later the answer would be about the past. */
const ANSWERS_WITHIN_MS = 10_000;

/** Asks from now on. Never throws. */
export function watchLink(tools: LinkWatchTools): void {
  let turn = 0;

  async function ask(): Promise<void> {
    const mine = ++turn;
    if (tools.isOnline() && !tools.isHidden()) tools.tell(await askHealth(tools));
    // Something happened meanwhile and was asked about by itself.
    if (mine !== turn || tools.isHidden()) return;
    tools.later(
      () => void (mine === turn && ask()),
      tools.known() === 'online' ? ASK_EVERY_MS.well : ASK_EVERY_MS.unwell,
    );
  }

  tools.onChange(() => void ask());
  void ask();
}

async function askHealth({ baseUrl, fetch }: LinkWatchTools): Promise<Exclude<Link, 'offline'>> {
  try {
    const response = await fetch(`${baseUrl}/health`, {
      headers: { accept: 'application/json' },
      cache: 'no-store',
      signal: AbortSignal.timeout(ANSWERS_WITHIN_MS),
    });
    const health = readHealth(await response.json());
    if (health === null || health.status === 'failing') return 'gateway-unreachable';
    return health.pacs === 'ok' ? 'online' : 'pacs-unreachable';
  } catch {
    return 'gateway-unreachable';
  }
}
