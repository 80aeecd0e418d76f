/**
 * Polls whether the gateway and its PACS answer, while the page is visible and even when nothing is being sent, because
 * the status line must be true for an empty queue too. An answer from something else in between (a hotel's sign-in
 * page) does not count.
 */
import type { Link, LinkNow } from './link.ts';
import { readHealth } from './read-answers.ts';

interface LinkWatchTools {
  readonly baseUrl: string;
  readonly fetch: typeof fetch;
  /** Whether the browser has a network. Without one, nothing is requested. */
  readonly isOnline: () => boolean;
  readonly isHidden: () => boolean;
  /** Calls `listener` when the page is shown, hidden, or online again. */
  readonly onChange: (listener: () => void) => void;
  /** Calls `work` after `ms`. */
  readonly later: (work: () => void, ms: number) => void;
  /** The link as currently shown. */
  readonly known: () => LinkNow;
  /** Called after every answer. */
  readonly tell: (link: Link) => void;
}

/** The polling interval on a bad link, short enough that a person in front of the screen soon sees it recover. */
const ASK_EVERY_MS = 5_000;
/** On a good link, only every sixth turn asks. */
const TURNS_WHILE_WELL = 6;
/** The gateway checks its PACS within this time. A later answer would be outdated. */
const ANSWERS_WITHIN_MS = 10_000;

/** Starts polling. Never throws. */
export function watchLink(tools: LinkWatchTools): void {
  let asked = 0;
  let answered = 0;

  function ask(): void {
    const mine = ++asked;
    if (tools.isHidden()) return;
    if (tools.isOnline()) void hear(mine);
    wait(mine, 1);
  }

  /** Ignores an answer older than one already received, such as one from before the link returned or broke. */
  async function hear(mine: number): Promise<void> {
    const link = await askHealth(tools);
    if (mine < answered) return;
    answered = mine;
    tools.tell(link);
  }

  function wait(mine: number, turn: number): void {
    tools.later(() => {
      if (mine !== asked) return;
      if (tools.known() === 'online' && turn < TURNS_WHILE_WELL) wait(mine, turn + 1);
      else ask();
    }, ASK_EVERY_MS);
  }

  tools.onChange(ask);
  ask();
}

/** Asks once whether the gateway answers. Never throws. */
export async function canReachGateway(
  tools: Pick<LinkWatchTools, 'baseUrl' | 'fetch' | 'isOnline'>,
): Promise<boolean> {
  return tools.isOnline() && (await askHealth(tools)) !== 'gateway-unreachable';
}

const LINK_OF = {
  ok: 'online',
  unreachable: 'pacs-unreachable',
  'refuses-sign-in': 'pacs-refuses-sign-in',
  'settings-wrong': 'pacs-settings-wrong',
  'no-search': 'pacs-no-search',
  'no-retrieval': 'pacs-no-retrieval',
} as const;

async function askHealth({
  baseUrl,
  fetch,
}: Pick<LinkWatchTools, 'baseUrl' | 'fetch'>): Promise<Exclude<Link, 'offline'>> {
  try {
    const response = await fetch(`${baseUrl}/health`, {
      headers: { accept: 'application/json' },
      cache: 'no-store',
      signal: AbortSignal.timeout(ANSWERS_WITHIN_MS),
    });
    const health = readHealth(await response.json());
    if (health === null || health.status === 'failing') return 'gateway-unreachable';
    return LINK_OF[health.pacs];
  } catch {
    return 'gateway-unreachable';
  }
}
