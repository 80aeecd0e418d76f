/** The state of the chain: unchanged, not checked, or what is wrong with it and what to do. */
import type { ComponentChildren } from 'preact';
import type { AuditVerdict } from '#shared/protocol/audit-head.ts';
import { CodeLine } from '../kit/CodeLine.tsx';
import { formatMoment } from '../kit/format.ts';
import { Icon } from '../kit/Icon.tsx';
import { Notice } from '../kit/Notice.tsx';
import { auditWords } from './audit-words.ts';
import type { AuditStore, ChainState } from './audit.store.ts';

const words = auditWords.chain;

export function ChainNotice({ store }: { readonly store: AuditStore }) {
  const chain = store.chain.value;
  const isChecking = chain.kind === 'checking';
  return (
    <section class="audit-chain" aria-label={words.title}>
      <div class="audit-chain-said" role="status">
        <State chain={chain} newest={store.events.value.value?.newest ?? null} />
      </div>
      {isChecking && chain.of > 0 && (
        <progress class="audit-progress" aria-label={words.checking} max={chain.of} value={chain.checked} />
      )}
      {(chain.kind !== 'unasked' || store.events.value.value !== null) && (
        <button
          type="button"
          class="button"
          onClick={() => (isChecking ? store.stopVerifying() : void store.verify())}
        >
          {isChecking ? words.stop : chain.kind === 'unasked' ? words.verify : words.again}
        </button>
      )}
    </section>
  );
}

type StateProps = { readonly chain: ChainState; readonly newest: number | null };

function State({ chain, newest }: StateProps) {
  switch (chain.kind) {
    case 'unasked':
      if (newest === null) return null;
      return (
        <Said title={words.unasked(newest)} sign="plain">
          <p class="small quiet">{words.unaskedWhat}</p>
        </Said>
      );
    case 'checking':
      return (
        <Said
          title={chain.of === 0 ? words.checking : words.checkingOf(chain.checked, chain.of)}
          sign="plain"
        />
      );
    case 'interrupted':
      return (
        <Notice kind="wait" title={words.stopped}>
          <p>{words.stoppedWhat}</p>
        </Notice>
      );
    case 'failed':
      return (
        <Notice kind="wait" title={chain.trouble.title}>
          {chain.trouble.next && <p>{chain.trouble.next}</p>}
          <p>{words.stoppedWhat}</p>
          {chain.trouble.code && <CodeLine code={chain.trouble.code} />}
        </Notice>
      );
    case 'checked':
      return <Verdict verdict={chain.verdict} at={chain.at} />;
    default:
      return chain satisfies never;
  }
}

type SaidProps = {
  readonly title: string;
  readonly sign: 'plain' | 'good';
  readonly children?: ComponentChildren;
};

function Said({ title, sign, children }: SaidProps) {
  return (
    <div class="audit-said" data-sign={sign}>
      <Icon name={sign === 'good' ? 'shield' : 'note'} />
      <div>
        <p class="strong">{title}</p>
        {children}
      </div>
    </div>
  );
}

function Verdict({ verdict, at }: { readonly verdict: AuditVerdict; readonly at: Date }) {
  const now = new Date();
  if (verdict.kind === 'broken')
    return (
      <Notice kind="stop" title={words.broken[verdict.because](verdict.atSeq)}>
        <p>{verdict.because === 'heads' ? words.heads : words.brokenWhat}</p>
      </Notice>
    );
  const { rows, proven, unproven, shipped, lost, archived } = verdict;
  const when = words.at(formatMoment(at, now));
  const proof =
    proven === null ? [] : [words.proven(proven.seq, words.at(formatMoment(new Date(proven.at), now)))];
  return (
    <>
      {lost.map(({ from, to }) => (
        <Notice key={from} kind="stop" title={words.lost(from, to)}>
          <p>{words.lostWhat}</p>
        </Notice>
      ))}
      <Said
        title={lost.length === 0 ? words.whole(rows, when) : words.rest(rows, when)}
        sign={lost.length === 0 && !archived?.missingTo ? 'good' : 'plain'}
      >
        <p class="small quiet">
          {[
            ...proof,
            ...(proven === null ? [words.unsigned] : unproven > 0 ? [words.unproven(unproven)] : []),
            ...(shipped === null ? [] : [words.shipped(shipped)]),
            ...(archived === null ? [] : [words.archived(archived.to, archived.missingTo)]),
          ].join(' ')}
        </p>
      </Said>
    </>
  );
}
