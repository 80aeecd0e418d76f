/**
 * The only held picture of a study, opened for covering. Once it is decided, the person returns to the study's card.
 */
import { useRef, useState } from 'preact/hooks';
import { leadFromHere } from '../../kit/lead-from-here.ts';
import { hrefOf } from '../../kit/routes.ts';
import type { FoundFile } from '../ingest/found/group-studies.ts';
import { staysHere } from '../ingest/found/held-back.ts';
import { useIngest } from '../ingest/found/ingest-context.ts';
import type { ComparisonStore } from './comparison.store.ts';
import { Covering } from './HeldInstance.tsx';
import { isCoverable } from './what-to-look-at.ts';

type Opened = { readonly files: readonly FoundFile[]; readonly found: FoundFile };

export function CoverAtOnce({ store }: { readonly store: ComparisonStore }) {
  const ingest = useIngest();
  const policy = ingest.policy.value;
  const [isOpen, setOpen] = useState(true);
  const [lead] = useState(() => leadFromHere());
  const opened = useRef<Opened | null>(null);
  opened.current ??=
    store.series.value
      .flatMap(({ files }) => files.map((found) => ({ files, found })))
      .find(({ found }) => staysHere(policy, ingest.released.value, found) && isCoverable(policy, found)) ??
    null;
  const now = opened.current;
  if (now === null || !isOpen) return null;
  return (
    <Covering
      store={store}
      found={now.found}
      files={now.files}
      boxes={undefined}
      onClose={() => {
        setOpen(false);
        // If it is closed without a decision, the page below says what else can be done.
        if (!staysHere(policy, ingest.released.peek(), now.found)) lead(hrefOf({ page: 'upload' }));
      }}
    />
  );
}
