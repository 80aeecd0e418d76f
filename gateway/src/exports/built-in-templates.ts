/** The templates of exports that come with every gateway, as version 1. */
import type { ExportDefinition } from '#shared/protocol/exports.ts';

export const BUILT_IN_TEMPLATES: readonly { readonly name: string; readonly definition: ExportDefinition }[] =
  [
    {
      name: 'cases-full',
      definition: {
        title: 'Cases with identities',
        redaction: 'full',
        format: 'csv',
        fields: [
          ...(['caseNumber', 'title', 'status', 'priority', 'dueOn', 'assignee', 'patientName'] as const),
          ...(['patientId', 'birthDate', 'sex', 'accessionNumbers', 'studyDates', 'descriptions'] as const),
          ...(['modalities', 'finding', 'decisions', 'answers', 'reasons', 'notes', 'openedAt'] as const),
        ],
      },
    },
    {
      name: 'cases-limited',
      definition: {
        title: 'Cases under pseudonyms',
        redaction: 'limited',
        format: 'csv',
        fields: [
          ...(['caseNumber', 'pseudonym', 'status', 'priority', 'dueOn', 'ageBand', 'sex', 'month'] as const),
          ...(['modalities', 'bodyParts', 'studyCount', 'finding', 'decisions', 'openedAt'] as const),
        ],
      },
    },
    {
      name: 'cases-anonymous',
      definition: {
        title: 'Cases without identities',
        redaction: 'anonymous',
        format: 'csv',
        fields: [
          ...(['ageBand', 'sex', 'modalities', 'bodyParts', 'month', 'site', 'finding', 'models'] as const),
          ...(['modelVersions', 'scores', 'positives', 'verdicts', 'correctedFindings'] as const),
          ...(['reviewTypes', 'decisions', 'answers', 'descriptions'] as const),
        ],
      },
    },
    {
      name: 'findings-limited',
      definition: {
        title: 'Findings and verdicts under pseudonyms',
        redaction: 'limited',
        format: 'jsonl',
        fields: [
          ...(['caseNumber', 'pseudonym', 'ageBand', 'sex', 'month', 'site', 'modalities'] as const),
          ...(['bodyParts', 'models', 'modelVersions', 'scores', 'positives', 'resultTimes'] as const),
          ...(['verdicts', 'correctedFindings', 'reviewTypes', 'decisions', 'answers', 'settledAt'] as const),
        ],
      },
    },
    {
      name: 'report-full',
      definition: {
        title: 'Report with identities',
        redaction: 'full',
        format: 'pdf',
        fields: [
          ...([
            'caseNumber',
            'title',
            'status',
            'priority',
            'patientName',
            'patientId',
            'birthDate',
          ] as const),
          ...(['sex', 'accessionNumbers', 'studyDates', 'modalities', 'bodyParts', 'descriptions'] as const),
          ...(['finding', 'models', 'modelVersions', 'scores', 'positives', 'verdicts'] as const),
          ...(['correctedFindings', 'reviewTypes', 'decisions', 'readers', 'readerRoles'] as const),
          ...(['settledAt', 'answers', 'reasons', 'notes', 'attachments'] as const),
        ],
      },
    },
    {
      name: 'report-limited',
      definition: {
        title: 'Report under pseudonyms',
        redaction: 'limited',
        format: 'pdf',
        fields: [
          ...(['caseNumber', 'pseudonym', 'status', 'priority', 'ageBand', 'sex', 'month', 'site'] as const),
          ...(['modalities', 'bodyParts', 'finding', 'models', 'modelVersions', 'scores'] as const),
          ...(['positives', 'verdicts', 'reviewTypes', 'decisions', 'readerRoles', 'answers'] as const),
        ],
      },
    },
    {
      name: 'report-anonymous',
      definition: {
        title: 'Report without identities',
        redaction: 'anonymous',
        format: 'pdf',
        fields: [
          ...(['ageBand', 'sex', 'modalities', 'bodyParts', 'month', 'site', 'finding', 'models'] as const),
          ...(['modelVersions', 'scores', 'positives', 'verdicts', 'correctedFindings'] as const),
          ...(['reviewTypes', 'decisions', 'readerRoles', 'answers', 'descriptions', 'notes'] as const),
        ],
      },
    },
  ];
