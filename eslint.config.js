import boundaries from 'eslint-plugin-boundaries';
import tseslint from 'typescript-eslint';
import { LAYERS, ROOMS } from './layers.js';

export default tseslint.config(
  {
    ignores: ['dist/', 'examples/', 'node_modules/', '.cache/', 'src/gst/generated/', '**/*.d.ts'],
  },
  ...tseslint.configs.strictTypeChecked,
  {
    languageOptions: {
      parserOptions: {
        projectService: { allowDefaultProject: ['eslint.config.js', 'layers.js', 'ava.config.js'] },
        tsconfigRootDir: import.meta.dirname,
      },
    },
    rules: {
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/no-misused-promises': 'error',
      '@typescript-eslint/explicit-module-boundary-types': 'error',
      '@typescript-eslint/restrict-template-expressions': [
        'error',
        { allowNumber: true, allowBoolean: true },
      ],
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_' }],
      // io-ts codecs share their name with their type.
      '@typescript-eslint/no-redeclare': 'off',
      '@typescript-eslint/no-confusing-void-expression': ['error', { ignoreArrowShorthand: true }],
      // Empty classes of errors and unnecessary conditions on index access are caught by tsc.
      '@typescript-eslint/no-unnecessary-condition': [
        'error',
        { allowConstantLoopConditions: true },
      ],
      'no-console': 'error',
      eqeqeq: 'error',
    },
  },
  {
    files: ['src/**/*.ts', 'client/**/*.ts', 'web/**/*.ts'],
    plugins: { boundaries },
    settings: {
      'boundaries/elements': ROOMS,
      'import/resolver': { typescript: { alwaysTryTypes: false } },
    },
    rules: {
      'boundaries/dependencies': [
        'error',
        {
          default: 'disallow',
          message: 'layers.js does not let {{from.type}} import {{to.type}}',
          policies: Object.entries(LAYERS).map(([room, allowed]) => ({
            from: { element: { types: room } },
            allow: { to: { element: { types: [room, ...allowed] } } },
          })),
        },
      ],
    },
  },
  {
    files: ['src/**/*.ts', 'web/**/*.ts', 'client/**/*.ts', 'bench/**/*.ts'],
    ignores: ['src/gst/**'],
    rules: {
      'no-restricted-imports': [
        'error',
        {
          patterns: [
            { group: ['node-gtk', 'node-gtk/*'], message: 'Only src/gst imports node-gtk.' },
          ],
        },
      ],
    },
  },
  {
    files: ['**/*.ts', '**/*.js', '**/*.mjs'],
    ignores: ['test/**'],
    rules: { 'max-lines-per-function': ['error', { max: 80 }] },
  },
  {
    files: ['**/*.js', '**/*.mjs'],
    ...tseslint.configs.disableTypeChecked,
  },
  {
    files: ['**/*.js', '**/*.mjs'],
    rules: { '@typescript-eslint/explicit-module-boundary-types': 'off' },
  },
);
