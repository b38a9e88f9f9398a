-- Run once by the postgres image, on an empty volume: the registry's tables have a database of their own.
create database registry;
