/** Why an administrator's request failed: what happened, what to do, and a small code. */
import { ALL_PROBLEMS } from '#shared/protocol/inference-problems.ts';
import { ApiProblem } from '../net/api-client.ts';
import { adminWords as words } from './admin-words.ts';

export type Trouble = {
  /** `wait`: nobody has to decide. */
  readonly kind?: 'wait';
  readonly title: string;
  readonly next: string | null;
  readonly code: string | null;
};

/** `navigator` has none where there is no page. A device that is offline learns nothing of the gateway or a PACS. */
const isDeviceOffline = (): boolean => navigator.onLine === false;

/** Of an error's own text only the gateway's title is shown. */
export function troubleOf(error: unknown, isOffline: () => boolean = isDeviceOffline): Trouble {
  if (!(error instanceof ApiProblem) || error.anyCode === null)
    return { ...(isOffline() ? words.offline : words.unreachable), kind: 'wait', code: null };
  const problems: Readonly<Record<string, { readonly title: string; readonly next?: string }>> = ALL_PROBLEMS;
  const known = Object.hasOwn(problems, error.anyCode) ? problems[error.anyCode] : undefined;
  return { title: error.message, next: known?.next ?? null, code: error.anyCode };
}
