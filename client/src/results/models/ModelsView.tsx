/**
 * The models: the active version, the state of the other versions, and their cards. An administrator activates, rolls
 * back and stops them.
 */
import { troubleOfCode } from '../../net/trouble-of.ts';
import { TroubleAlert } from '../../kit/TroubleAlert.tsx';
import { AskFirst } from '../../kit/AskFirst.tsx';
import { CodeLine } from '../../kit/CodeLine.tsx';
import { useSession } from '../../net/net-context.ts';
import { usePageStore } from '../../net/use-page-store.ts';
import { formatBytes, formatMoment } from '../../kit/format.ts';
import { Icon } from '../../kit/Icon.tsx';
import { WhenKnown } from '../../kit/WhenKnown.tsx';
import { kitWords } from '../../kit/kit-words.ts';
import type { Model, ModelVersion } from '../parts/answers.ts';
import { modelName } from '../parts/describe-result.ts';
import { Fact } from '../result/FindingParts.tsx';
import { cardFacts } from './model-card.ts';
import { createModelsStore, type ModelAction, type ModelsStore } from './models.store.ts';
import { NotForDiagnosis } from '../../kit/NotForDiagnosis.tsx';
import { resultWords } from '../parts/result-words.ts';
import { Back } from '../result/ResultView.tsx';

const said = resultWords.models;

export function ModelsView() {
  const store = usePageStore(createModelsStore);
  const trouble = store.trouble.value;
  return (
    <main id="content" class="page results" aria-busy={store.models.answer.value.state === 'loading'}>
      <Back />
      <h1 tabIndex={-1}>{said.title}</h1>
      <NotForDiagnosis />
      <TroubleAlert trouble={trouble} />
      <WhenKnown of={store.models} loading={said.loading}>
        {(models) => models.map((model) => <OneModel key={model.id} model={model} store={store} />)}
      </WhenKnown>
    </main>
  );
}

function OneModel({ model, store }: { readonly model: Model; readonly store: ModelsStore }) {
  return (
    <section class="model" aria-label={model.title}>
      <div>
        <h2>{model.title}</h2>
        <p class="small quiet">
          {[
            model.id,
            ...(said.parts[model.id] ? [said.parts[model.id]] : []),
            ...(model.fallback ? [said.fallback(modelName(model.fallback))] : []),
          ].join(kitWords.separator)}
        </p>
        {model.active === null && <p class="small">{said.none}</p>}
      </div>
      {model.versions.map((version) => (
        <Version key={version.version} version={version} isOnly={model.versions.length === 1} store={store} />
      ))}
    </section>
  );
}

const SIGNS = { active: 'pacs', available: 'note', stopped: 'close', failed: 'decide' } as const;

type VersionProps = { readonly version: ModelVersion; readonly isOnly: boolean; readonly store: ModelsStore };

function Version({ version, isOnly, store }: VersionProps) {
  const isAdmin = useSession().user.value?.roles.includes('admin') ?? false;
  const name = modelName(version);
  const why = version.because === null ? null : troubleOfCode(version.because);
  return (
    <article class="version" aria-label={name}>
      <div class="version-head">
        <p class="version-state" data-state={version.state}>
          <Icon name={SIGNS[version.state]} size={20} />
          <span>
            <span class="strong numbers">{version.version}</span> {said.states[version.state].toLowerCase()}
            {version.activatedAt && version.state === 'active' && (
              <span class="small quiet">
                {kitWords.separator + formatMoment(new Date(version.activatedAt), new Date())}
              </span>
            )}
          </span>
        </p>
        {isAdmin && (
          <div class="row">
            {actionsOf(version, isOnly).map((action) => (
              <AskFirst
                key={action}
                bare
                label={said[action]}
                of={`${said[action]} ${name}`}
                ask={{ ...said.asks[action](name), about: '' }}
                onYes={() => void store.act(version.id, version.version, action)}
              />
            ))}
          </div>
        )}
      </div>
      {why && (
        <p class="said-red small">
          <span>
            <span class="strong">{why.title}</span> {why.next} <span class="code">{version.because}</span>
          </span>
        </p>
      )}
      <Card version={version} />
    </article>
  );
}

/** If there is only one version, there is nothing to roll back to. */
function actionsOf({ state }: ModelVersion, isOnly: boolean): readonly ModelAction[] {
  if (state !== 'active') return ['activate'];
  return isOnly ? ['stop'] : ['rollback', 'stop'];
}

function Card({ version }: { readonly version: ModelVersion }) {
  const facts = cardFacts(version.card);
  return (
    <details class="disclosure">
      <summary>
        <span class="disclosure-mark">
          <Icon name="chevron" size={16} turns />
        </span>
        {said.card}
      </summary>
      <dl class="facts small">
        {facts.map(({ name, lines }) => (
          <Fact key={name} name={name}>
            {lines.map((line) => (
              <p key={line}>{line}</p>
            ))}
          </Fact>
        ))}
        <Fact name={said.size}>{formatBytes(version.bytes)}</Fact>
        <Fact name={said.added}>{formatMoment(new Date(version.addedAt), new Date())}</Fact>
        <Fact name={said.digest}>
          <CodeLine code={version.digest} />
        </Fact>
      </dl>
    </details>
  );
}
