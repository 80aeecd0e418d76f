/** Tries a policy on a file that a person chooses: each element before and after, in this browser alone. */
import { useEffect, useState } from 'preact/hooks';
import { ShowNames } from '../kit/HideNames.tsx';
import { namesHidden } from '../kit/identities.ts';
import { kitWords } from '../kit/kit-words.ts';
import { Notice } from '../kit/Notice.tsx';
import { ReasonDetails } from '../kit/ReasonDetails.tsx';
import { sentencesOfReason } from '../kit/reason-sentences.ts';
import { ChangeList } from '../pipeline/deid/ChangeList.tsx';
import { deidWords } from '../pipeline/deid/deid-words.ts';
import { useIngest } from '../pipeline/ingest/found/ingest-context.ts';
import { policiesWords } from './policies-words.ts';
import { createPolicyTrial, type PolicyTrial, type TriedPolicy } from './policy-trial.ts';

const words = policiesWords.preview;

type PreviewProps = {
  /** Null: no policy can be read from the form yet. */
  readonly policy: TriedPolicy | null;
};

export function PolicyPreview({ policy }: PreviewProps) {
  const { pool } = useIngest().inspection.tools;
  const [trial] = useState(() => createPolicyTrial(pool));
  useEffect(() => trial.close, [trial]);
  // A form makes a new object at each press of a key; only another content is another policy.
  useEffect(() => trial.under(policy), [trial, JSON.stringify(policy)]);
  return (
    <div class="stack">
      <p class="small quiet">{words.what}</p>
      <label class="field">
        <span>{words.file}</span>
        <input type="file" onChange={({ currentTarget }) => trial.choose(currentTarget.files?.[0] ?? null)} />
      </label>
      {policy === null ? <p role="status">{words.notYet}</p> : <Tried trial={trial} />}
    </div>
  );
}

function Tried({ trial }: { readonly trial: PolicyTrial }) {
  const shown = trial.shown.value;
  switch (shown.kind) {
    case 'no-file':
      return null;
    case 'reading':
      return (
        <p class="quiet" role="status">
          {words.reading}
        </p>
      );
    case 'failed':
      return (
        <div role="status">
          <Notice kind="stop" title={words.failed}>
            <p>{words.failedNext}</p>
          </Notice>
        </div>
      );
    case 'compared':
      return namesHidden.value ? (
        <Notice kind="plain" sign="person" title={kitWords.namesAreHidden}>
          <p>{deidWords.needsNames}</p>
          <p class="notice-actions">
            <ShowNames />
          </p>
        </Notice>
      ) : (
        <>
          {!trial.hasChanges.value && <p class="strong">{words.unchanged}</p>}
          <ChangeList store={trial} notShown={shown.notShown} />
        </>
      );
    case 'quarantined':
    case 'refused':
    case 'skipped':
      return (
        <div role="status">
          <Notice
            kind={shown.kind === 'quarantined' ? 'wait' : 'stop'}
            title={sentencesOfReason(shown.because).title}
          >
            <p>{sentencesOfReason(shown.because).next}</p>
            <ReasonDetails code={shown.because} />
          </Notice>
        </div>
      );
    default:
      return shown satisfies never;
  }
}
