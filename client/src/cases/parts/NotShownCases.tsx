/**
 * How many cases of the site this person may not see, and why. Otherwise an empty list would look like an empty site.
 */
import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { notShownSchema, type NotShown } from '#shared/protocol/cases.ts';
import { CASE_KEEPERS } from '#shared/protocol/keepers.ts';
import { ignoreFailure } from '#shared/ignore-failure.ts';
import { useApi, useSession } from '../../net/net-context.ts';
import { notShownWords as words } from './not-shown-words.ts';

/** Null: everything is shown, or there is no answer yet. */
function useNotShown(): NotShown | null {
  const api = useApi();
  const roles = useSession().user.value?.roles ?? [];
  const isGuarded = roles.includes('researcher') && !roles.some((role) => CASE_KEEPERS.includes(role));
  const answer = useSignal<NotShown | null>(null);
  useEffect(() => {
    const gone = new AbortController();
    const ask = async () => {
      answer.value = await api.json('/cases/not-shown', notShownSchema, { signal: gone.signal });
    };
    if (isGuarded) void ignoreFailure(ask(), 'the list says itself that the gateway does not answer');
    return () => gone.abort();
  }, [isGuarded]);
  return answer.value?.cases === 0 ? null : answer.value;
}

export function NotShownCases() {
  const notShown = useNotShown();
  return notShown && <p class="small quiet">{words.said(notShown)}</p>;
}
