/** The details of one policy: what it does, its versions with what changed, and an administrator's actions on it. */
import { useSignal } from '@preact/signals';
import { AskFirst } from '../kit/AskFirst.tsx';
import { formatMoment } from '../kit/format.ts';
import { kitWords } from '../kit/kit-words.ts';
import { Notice } from '../kit/Notice.tsx';
import { hrefOf } from '../kit/routes.ts';
import { Sheet } from '../kit/Sheet.tsx';
import { policiesWords as words } from './policies-words.ts';
import type { ListedPolicy, PoliciesStore, PolicyList } from './policies.store.ts';
import { differencesOf, factsOf, stateOf, type AnyPolicy } from './policy-facts.ts';
import { PolicyPreview } from './PolicyPreview.tsx';
import { useOpened } from './use-opened.ts';

const moment = (at: string): string => formatMoment(new Date(at), new Date());

type DetailsProps = Pick<PolicyList, 'people'> & {
  readonly listed: ListedPolicy;
  readonly store: PoliciesStore;
  readonly onEdit: (isNew: boolean) => void;
};

/** Draw it with the policy’s name as its key. */
export function PolicyDetails({ listed, people, store, onEdit }: DetailsProps) {
  const heading = useOpened(true);
  const { name, title, builtIn, inForce, policy } = listed;
  return (
    <article class="stack policy-details" aria-label={title}>
      <p class="details-back">
        <a class="button button-bare" href={hrefOf({ page: 'admin', at: 'policies' })}>
          {words.back}
        </a>
      </p>
      <div>
        <h2 ref={heading} tabIndex={-1} class="kept">
          <bdi>{title}</bdi>
        </h2>
        <p class="small quiet">
          <span class="code">{name}</span>
          {kitWords.separator}
          {stateOf(listed)}
        </p>
      </div>
      {builtIn && <p class="small">{words.builtInWhat}</p>}
      {!builtIn && inForce === null && <p class="small">{words.withdrawnWhat}</p>}
      {policy !== null && <Actions {...{ listed, policy, onEdit }} />}
      {policy === null ? <Notice kind="wait" title={words.notKnown} /> : <Facts policy={policy} />}
      {!builtIn && <Versions listed={listed} people={people} />}
      {!builtIn && inForce !== null && (
        <div class="row destination-apart">
          <AskFirst
            label={words.withdraw}
            of={words.of(words.withdraw, title)}
            ask={words.askWithdraw(title)}
            onYes={() => void store.withdraw(name, inForce)}
          />
        </div>
      )}
    </article>
  );
}

function Facts({ policy }: { readonly policy: AnyPolicy }) {
  return (
    <dl class="examination small">
      {factsOf(policy)
        .filter(({ field }) => field !== 'title')
        .map(({ field, label, value }) => (
          <div key={field}>
            <dt class="quiet">{label}</dt>
            <dd class="kept">{value}</dd>
          </div>
        ))}
    </dl>
  );
}

type ActionsProps = Pick<DetailsProps, 'listed' | 'onEdit'> & { readonly policy: AnyPolicy };

function Actions({ listed: { title, builtIn }, policy, onEdit }: ActionsProps) {
  const isTrying = useSignal(false);
  const action = (label: string, onClick: () => void) => (
    <button
      type="button"
      class="button"
      aria-haspopup="dialog"
      aria-label={words.of(label, title)}
      onClick={onClick}
    >
      {label}
    </button>
  );
  return (
    <div class="row">
      {!builtIn && action(words.edit, () => onEdit(false))}
      {action(words.copy, () => onEdit(true))}
      {action(words.try, () => (isTrying.value = true))}
      {isTrying.value && (
        <Sheet title={words.of(words.try, title)} isWide onClose={() => (isTrying.value = false)}>
          <PolicyPreview policy={policy} />
          <form method="dialog" class="sheet-actions">
            <button type="submit" class="button">
              {kitWords.close}
            </button>
          </form>
        </Sheet>
      )}
    </div>
  );
}

function Versions({ listed: { versions }, people }: Pick<DetailsProps, 'listed' | 'people'>) {
  return (
    <section class="stack-tight" aria-label={words.versions}>
      <h3>{words.versions}</h3>
      <ol class="plain">
        {versions.map(({ version, madeBy, madeAt, withdrawnAt, policy }, at) => (
          <li key={version} class="hairline policy-version">
            <p class="strong">{words.version(version)}</p>
            <p class="small quiet numbers">
              {[
                words.made(moment(madeAt), people.get(madeBy) ?? words.someone),
                ...(withdrawnAt === null ? [] : [words.withdrawnAt(moment(withdrawnAt))]),
              ].join(kitWords.separator)}
            </p>
            {changesTo(policy, versions[at + 1]).map((said) => (
              <p key={said} class="small kept">
                {said}
              </p>
            ))}
          </li>
        ))}
      </ol>
    </section>
  );
}

/** What the version changed, a sentence each. `before`: the version before it; undefined: it is the first one. */
function changesTo(
  policy: AnyPolicy | null,
  before: { readonly policy: AnyPolicy | null } | undefined,
): readonly string[] {
  if (before === undefined) return [words.firstVersion];
  if (policy === null || before.policy === null) return [words.notKnown];
  const changes = differencesOf(before.policy, policy);
  if (changes.length === 0) return [words.sameAsBefore];
  return changes.map(({ label, before: was, after }) => words.changed(label, was, after));
}
