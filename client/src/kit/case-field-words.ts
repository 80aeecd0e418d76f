/** Names for the fields of a case that a `case-changed` event lists, in the case's timeline and in the audit trail. */
export const caseFieldWords = {
  title: 'title',
  tags: 'tags',
  status: 'status',
  priority: 'priority',
  dueOn: 'due date',
  assigneeId: 'assignee',
} as Readonly<Record<string, string>>;
