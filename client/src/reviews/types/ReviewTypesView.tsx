/** The review types of the site: who reads, and what they are asked. They are added and changed here. */
import { useSignal } from '@preact/signals';
import {
  reviewTypesSchema,
  type ReviewDefinition,
  type ReviewType,
  type ReviewTypes,
} from '#shared/protocol/reviews.ts';
import { useTold } from '../../net/use-told.ts';
import { formatMoment } from '../../kit/format.ts';
import { hrefOf } from '../../kit/routes.ts';
import { WhenKnown } from '../../kit/WhenKnown.tsx';
import type { ApiClient } from '../../net/api-client.ts';
import { useApi } from '../../net/net-context.ts';
import { describeType } from './describe-type.ts';
import { nameFor } from './type-form.ts';
import { TypeSheet } from './TypeSheet.tsx';
import { typeWords as words } from './type-words.ts';

export function ReviewTypesView() {
  const api = useApi();
  const types = useTold('/review-types', reviewTypesSchema);
  /** Null: the form is closed. */
  const editing = useSignal<{ readonly type: ReviewType | null } | null>(null);
  return (
    <main id="content" class="page stack" aria-busy={types.answer.value.state === 'loading'}>
      <div>
        <a class="button button-bare" href={hrefOf({ page: 'reviews', id: '' })}>
          {words.back}
        </a>
        <h1 tabIndex={-1}>{words.title}</h1>
      </div>
      <p class="quiet">{words.intro}</p>
      <WhenKnown of={types} loading={words.loading}>
        {(known) => <Types types={known.types} onEdit={(type) => (editing.value = { type })} />}
      </WhenKnown>
      {editing.value !== null && (
        <TypeSheet
          definition={editing.value.type?.definition ?? null}
          onSave={async (definition) =>
            types.take(
              await put(api, {
                definition,
                before: editing.value?.type ?? null,
                all: types.value.peek()!.types,
              }),
            )
          }
          onClose={() => (editing.value = null)}
        />
      )}
    </main>
  );
}

type Wanted = {
  readonly definition: ReviewDefinition;
  /** Null: a new type. */
  readonly before: ReviewType | null;
  readonly all: readonly ReviewType[];
};

/** Returns the types after the change. Throws ApiProblem, Unreachable. */
function put(api: Pick<ApiClient, 'json'>, { definition, before, all }: Wanted): Promise<ReviewTypes> {
  if (before !== null) {
    const body = { version: before.version, definition };
    return api.json(`/review-types/${before.name}`, reviewTypesSchema, { method: 'PUT', body });
  }
  const names = all.map(({ name }) => name);
  const body = { name: nameFor(definition.title, names), definition };
  return api.json('/review-types', reviewTypesSchema, { method: 'POST', body });
}

type TypesProps = {
  readonly types: readonly ReviewType[];
  /** Null: a new type. */
  readonly onEdit: (type: ReviewType | null) => void;
};

function Types({ types, onEdit }: TypesProps) {
  return (
    <>
      <ul class="plain" aria-label={words.title}>
        {types.map((type) => (
          <li key={type.name} class="hairline review-type">
            <Type type={type} />
            <button
              type="button"
              class="button"
              aria-haspopup="dialog"
              aria-label={words.changeOf(type.definition.title)}
              onClick={() => onEdit(type)}
            >
              {words.change}
            </button>
          </li>
        ))}
      </ul>
      <p>
        <button type="button" class="button button-main" aria-haspopup="dialog" onClick={() => onEdit(null)}>
          {words.add}
        </button>
      </p>
    </>
  );
}

function Type({ type: { version, madeBy, madeAt, definition } }: { readonly type: ReviewType }) {
  const made =
    madeBy === null || madeAt === null
      ? words.builtIn
      : words.madeBy(madeBy, formatMoment(new Date(madeAt), new Date()));
  return (
    <div class="stack-tight">
      <span class="strong kept">
        <bdi>{definition.title}</bdi>
      </span>
      <span>{describeType(definition)}</span>
      <span class="small quiet">{[words.version(version), made].join(words.separator)}</span>
    </div>
  );
}
