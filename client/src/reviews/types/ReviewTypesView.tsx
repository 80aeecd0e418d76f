/** The review types of the site: who reads, and what they are asked; added and changed here. */
import { useSignal } from '@preact/signals';
import { useEffect, useState } from 'preact/hooks';
import { reviewTypesSchema, type ReviewDefinition, type ReviewType } from '#shared/protocol/reviews.ts';
import { CaseTroubleNotice } from '../../cases/CaseParts.tsx';
import { openAttempt } from '../../cases/open-attempt.ts';
import { formatMoment } from '../../kit/format.ts';
import { hrefOf } from '../../kit/routes.ts';
import { useLate } from '../../kit/use-late.ts';
import { useApi } from '../../net/net-context.ts';
import { nameFor } from './type-form.ts';
import { TypeSheet } from './TypeSheet.tsx';
import { typeWords as words } from './type-words.ts';

export function ReviewTypesView() {
  const api = useApi();
  const types = useSignal<readonly ReviewType[] | null>(null);
  const [attempt] = useState(openAttempt);
  /** Null: the form is closed; `new`: of a type to be. */
  const editing = useSignal<ReviewType | 'new' | null>(null);
  const load = () =>
    attempt.tried(async () => {
      types.value = (await api.json('/review-types', reviewTypesSchema)).types;
    });
  useEffect(() => void load(), []);
  const known = types.value ?? [];
  const late = useLate(types.value === null && attempt.isBusy.value);
  const save = async (definition: ReviewDefinition) => {
    const before = editing.value;
    const isNew = before === 'new' || before === null;
    const path = isNew ? '/review-types' : `/review-types/${before.name}`;
    const body = isNew
      ? {
          name: nameFor(
            definition.title,
            known.map(({ name }) => name),
          ),
          definition,
        }
      : { version: before.version, definition };
    const after = await api.json(path, reviewTypesSchema, { method: isNew ? 'POST' : 'PUT', body });
    types.value = after.types;
  };
  return (
    <main id="content" class="page stack" aria-busy={types.value === null}>
      <div>
        <a class="button button-bare" href={hrefOf({ page: 'reviews', id: '' })}>
          {words.back}
        </a>
        <h1 tabIndex={-1}>{words.title}</h1>
      </div>
      <p class="quiet">{words.intro}</p>
      <CaseTroubleNotice trouble={attempt.trouble.value}>
        <p>
          <button type="button" class="button" onClick={() => void load()}>
            {words.again}
          </button>
        </p>
      </CaseTroubleNotice>
      {late && <p class="quiet">{words.loading}</p>}
      <ul class="plain" aria-label={words.title}>
        {known.map((type) => (
          <li key={type.name} class="hairline review-type">
            <Type type={type} />
            <button
              type="button"
              class="button"
              aria-haspopup="dialog"
              aria-label={words.changeOf(type.definition.title)}
              onClick={() => (editing.value = type)}
            >
              {words.change}
            </button>
          </li>
        ))}
      </ul>
      {types.value !== null && (
        <p>
          <button
            type="button"
            class="button button-main"
            aria-haspopup="dialog"
            onClick={() => (editing.value = 'new')}
          >
            {words.add}
          </button>
        </p>
      )}
      {editing.value !== null && (
        <TypeSheet
          definition={editing.value === 'new' ? null : editing.value.definition}
          onSave={save}
          onClose={() => (editing.value = null)}
        />
      )}
    </main>
  );
}

function Type({ type: { version, madeBy, madeAt, definition } }: { readonly type: ReviewType }) {
  const { title, readers, assignment, hidesFinding, form } = definition;
  const made =
    madeBy === null || madeAt === null
      ? words.builtIn
      : words.madeBy(madeBy, formatMoment(new Date(madeAt), new Date()));
  const about = [
    words.readers(readers),
    words.assignments[assignment],
    words.questions(Object.keys(form.properties).length),
    ...(hidesFinding ? [words.hides] : []),
  ];
  return (
    <div class="stack-tight">
      <span class="strong kept">
        <bdi>{title}</bdi>
      </span>
      <span>{about.join(words.separator)}</span>
      <span class="small quiet">{[words.version(version), made].join(words.separator)}</span>
    </div>
  );
}
