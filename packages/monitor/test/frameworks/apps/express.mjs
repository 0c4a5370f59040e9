import express from 'express';
import { start as startWith } from './express.cjs';

export const start = () => startWith(express);
