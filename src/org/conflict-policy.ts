export const conflictPolicies = ['salesforce-wins', 'local-wins', 'manual'] as const;

/** Whose value stays where Salesforce has changed a field that a program has changed too. */
export type ConflictPolicy = (typeof conflictPolicies)[number];
