/** A part of a study's record that the gateway is asked for when a person opens it. */
import type { ComponentChildren } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { Icon } from '../../kit/Icon.tsx';
import { ApiProblem, type ApiClient } from '../../net/api-client.ts';
import { useApi } from '../../net/net-context.ts';

type StudyPartProps = {
  readonly title: string;
  /** From the beginning. */
  readonly isOpen?: boolean;
  readonly children: () => ComponentChildren;
};

/** `children`: drawn once it is open. */
export function StudyPart({ title, isOpen: isOpenFirst = false, children }: StudyPartProps) {
  const [isOpen, setOpen] = useState(isOpenFirst);
  return (
    <details
      class="disclosure"
      open={isOpen}
      onToggle={(event) => setOpen((event.currentTarget as HTMLDetailsElement).open)}
    >
      <summary class="small">
        <span class="disclosure-mark">
          <Icon name="chevron" size={16} turns />
        </span>
        {title}
      </summary>
      {isOpen && children()}
    </details>
  );
}

export type Question<T> = (
  api: Pick<ApiClient, 'json'>,
  studyInstanceUID: string,
  signal: AbortSignal,
) => Promise<readonly T[]>;

/** `none`: the gateway does not know the study yet. `ask` stays the same from one drawing to the next. */
export function useStudyPart<T>(
  ask: Question<T>,
  studyInstanceUID: string,
): readonly T[] | 'loading' | 'failed' | 'none' {
  const api = useApi();
  const [loaded, setLoaded] = useState<readonly T[] | 'loading' | 'failed' | 'none'>('loading');
  useEffect(() => {
    const gone = new AbortController();
    ask(api, studyInstanceUID, gone.signal).then(setLoaded, (error: unknown) => {
      if (!gone.signal.aborted)
        setLoaded(error instanceof ApiProblem && error.code === 'not-found' ? 'none' : 'failed');
    });
    return () => gone.abort();
  }, [api, ask, studyInstanceUID]);
  return loaded;
}
